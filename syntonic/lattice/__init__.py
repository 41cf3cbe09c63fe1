"""Exact arrays over Q(φ)."""
