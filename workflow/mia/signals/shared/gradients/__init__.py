"""Gradients of a batch, to latents and to weights, and the parts that fit into memory."""
