"""A daemon for a long time: python -m soak."""
