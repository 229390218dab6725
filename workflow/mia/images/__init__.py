"""From an address to a manifest: plan, archive, images, hashes, splits. Pure where it can be."""
