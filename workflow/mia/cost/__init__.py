"""What a run will cost, before a GPU is touched."""
