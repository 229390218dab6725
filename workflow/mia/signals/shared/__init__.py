"""What signals have in common."""
