"""Signals of the images of one target: asked, measured, kept in the ledger, gathered."""
