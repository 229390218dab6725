"""Training of the embedded default's models: VAE and tokenizer, then text encoder and U-Net."""
