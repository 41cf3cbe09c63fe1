"""Exact linear algebra over Q(φ): in integers, by elimination, or modulo split primes."""
