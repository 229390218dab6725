"""Drawings of a target: tables in, one matplotlib figure out."""
