"""Image sets: plan, download, rows, hashes, duplicates. Pure where it can be."""
