"""fair-mia: was this image in the training set of that diffusion model, and how sure can anyone be?"""
