"""Pure statistics of scores: arrays in, numbers out."""
