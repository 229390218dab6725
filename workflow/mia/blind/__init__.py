"""Blind channels: what can be seen of a picture, its caption and its file without any model."""
