"""Which images are the same, by bytes, by hash and by embedding."""
