"""Denoisers: one file per model family, named after the pipeline class."""
