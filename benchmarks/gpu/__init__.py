"""The parts of flux_gpu.py."""
