"""What attacks have in common."""
