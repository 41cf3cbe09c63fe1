"""gmpy2's integers and rationals, with the types beside this file: gmpy2 itself has none."""

from gmpy2 import mpq, mpz

__all__ = ["mpq", "mpz"]
