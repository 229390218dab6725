"""Ways to make two sets comparable: one module each, its name is the config's `match`."""
