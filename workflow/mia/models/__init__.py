"""Weights: found, checked, loaded, trained, described."""
