"""Exact scalars: elements of Q(φ) and the integer arithmetic under them."""
