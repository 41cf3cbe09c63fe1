"""The crossings between floats and Z[φ], rounded once: snap, identify, wake."""
