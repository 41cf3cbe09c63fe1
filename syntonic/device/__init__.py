"""Exact arrays on a CUDA device: `array` holds them, the other modules compute with them."""
