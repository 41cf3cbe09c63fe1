"""Programs that measure syntonic beside its peers: python -m benchmarks.NAME."""
