"""What the figures have in common."""
