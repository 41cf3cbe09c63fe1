"""Exact arrays over Q(φ), and the two crossings between them and floats: snap and wake."""
