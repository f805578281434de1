"""Engines: a batch of pictures and widths in, log-probabilities and frame lengths out."""
