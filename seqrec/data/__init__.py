"""Labelled pictures: stores, readers of the field's formats, audit, augmentation, streams and batches of like width."""
