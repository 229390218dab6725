"""Signals: one file per signal, tensors in, numbers out. Importing one never imports torch."""
