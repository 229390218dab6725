"""Blind channels: what can be seen of an image, its caption and its file without any model."""
