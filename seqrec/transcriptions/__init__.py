"""Transcriptions: frames → loss or log-probabilities."""
