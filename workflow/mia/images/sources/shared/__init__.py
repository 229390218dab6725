"""What the sources of images have in common."""
