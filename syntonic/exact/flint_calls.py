"""FLINT's factorisation and proofs of primality, so that Ctrl-C ends them.

A call of FLINT ends when it is done. One that can take longer than a second or so runs in a
process of its own, which is killed by any exception that comes here, KeyboardInterrupt above all,
and on Linux by the end of this process. Where Python cannot start itself again (embedded in
another program) the call is made here, and Ctrl-C waits.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from gmpy2 import mpz

__all__ = ["factor", "is_prime"]

_QUICK_FACTOR = 140
"""Bits of what FLINT factors within half a second, even a product of two primes of half of them."""

_QUICK_PROOF = 384
"""Bits of what FLINT proves prime within a second or two."""

_QUICK_TEST = 4096
"""Bits of what FLINT tests for primes, and divides by small ones, within a tenth of a second."""

_CHILD = """
import ctypes, json, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
path, call, digits = json.load(sys.stdin)
sys.path[:] = path
from flint import fmpz
if call == "is_prime":
    print(int(fmpz(digits).is_prime()))
else:
    print(*(f"{p} {e}" for p, e in fmpz(digits).factor()))
"""


def is_prime(n: Any) -> bool:
    """Return whether the integer n is a prime number, proved."""
    from flint import fmpz

    number = fmpz(int(n))
    bits = number.bit_length()
    if number < 2 or bits <= _QUICK_PROOF:
        return bool(number > 1 and number.is_prime())
    if bits <= _QUICK_TEST and not number.is_probable_prime():
        return False
    words = _in_child("is_prime", number)
    return bool(number.is_prime() if words is None else words == ["1"])


def factor(n: Any) -> list[tuple[mpz, int]]:
    """Return the primes, proved, that divide an integer n > 0, and their exponents."""
    from flint import fmpz

    number = fmpz(int(n))
    if not _QUICK_FACTOR < number.bit_length() <= _QUICK_TEST:
        return _whole(number)
    found: dict[mpz, int] = {}
    for part, exponent in number.factor_smooth(bits=24):  # leaves a cofactor, prime or not
        for prime, power in [(mpz(int(part)), 1)] if is_prime(part) else _whole(part):
            found[prime] = found.get(prime, 0) + power * int(exponent)
    return sorted(found.items())


def _whole(number: Any) -> list[tuple[mpz, int]]:
    words = None if number.bit_length() <= _QUICK_FACTOR else _in_child("factor", number)
    if words is None:
        return [(mpz(int(p)), int(e)) for p, e in number.factor()]
    return [(mpz(p), int(e)) for p, e in zip(words[::2], words[1::2], strict=True)]


def _in_child(call: str, number: Any) -> list[str] | None:
    """Return the words that the call prints in another process; None where there is none."""
    if "python" not in Path(sys.executable or "").name.lower():
        return None
    command = [sys.executable, "-c", _CHILD]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as child:
        try:
            out, _ = child.communicate(json.dumps([sys.path, call, str(number)]))
        except BaseException:
            child.kill()
            raise
    return out.split() if child.returncode == 0 else None
