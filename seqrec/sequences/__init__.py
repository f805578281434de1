"""Sequence models: frames → frames that know their context."""
