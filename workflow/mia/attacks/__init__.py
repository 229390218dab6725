"""Attacks: one file per attack, tables in, one score per image out. The directory is the registry."""
