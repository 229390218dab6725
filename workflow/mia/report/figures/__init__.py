"""Drawings of a target: one file per figure, tables in, one matplotlib figure out."""
