"""Attacks: one file per attack, tables in, one score per image out."""
