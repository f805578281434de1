"""Backbones: picture → frames."""
