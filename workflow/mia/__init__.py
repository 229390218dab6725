"""fair-mia: was this image in that diffusion model's training set, and how sure can anyone be?"""
