"""From an address to a stored file, or to a status that says why not."""
