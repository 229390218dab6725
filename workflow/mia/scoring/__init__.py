"""From query files to the score of an attack."""
