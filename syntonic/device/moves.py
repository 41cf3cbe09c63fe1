"""Between the CPU's exact arrays and a device's, whole or a few elements; waking there."""

from __future__ import annotations

from math import gcd
from typing import Any

import numpy as np

from syntonic.constants import INT64_MAX
from syntonic.device.array import DeviceLattice, located
from syntonic.device.fields import (
    centred,
    count_for,
    digits,
    first,
    halves,
    least,
    parts_of,
)
from syntonic.errors import DeviceError
from syntonic.flux.backend import contiguous
from syntonic.flux.device import move, namespace, to_host
from syntonic.jit.policy import compiled_pays
from syntonic.lattice import arithmetic, limbs, parts
from syntonic.lattice.array import LatticeArray
from syntonic.lattice.linalg.residues import integers

__all__ = ["extent", "moved", "one_element", "to_device", "to_lattice", "wake"]

_DIGIT = 1 << 16


def to_device(x: LatticeArray, device: str, where: str = "to_device") -> DeviceLattice:
    """Return x on a CUDA device, a name of `parse_device`.

    Raises
    ------
    DeviceError
        Its numerators over one denominator are too long.
    """
    a, b, d = (x.a, x.b, x.denominator) if x.is_packed or x.is_wide else x.numerators()
    bound = x.bound if x.is_packed or x.is_wide else int(parts.largest(a, b))
    if a.dtype == b.dtype == np.int64:
        a, b = (move(np.asarray(part, order="C"), device, where) for part in (a, b))
        return DeviceLattice.packed(a, b, int(d), (bound, bound))
    count_for(bound, where)  # refuses what is too long
    pair = np.stack([_digits(part, limbs.limbs_for(bound)) for part in (a, b)], axis=1)
    return _from_digits(move(pair, device, where), int(d), bound, where)


def _digits(part: Any, count: int) -> Any:
    """Return limbs, or objects, as uint16 digits of two's complement, shape (digits, ...)."""
    resize = limbs.resized if limbs.is_limbs(part) else limbs.from_objects
    items = limbs.words(resize(part.astype(object) if part.dtype == np.int64 else part, count))
    return np.moveaxis(items.view(np.uint16).reshape(*part.shape, 4 * count), -1, 0)


def _from_digits(pair: Any, divisor: int, bound: int, where: str) -> DeviceLattice:
    """Return numbers given by digits of 16 bits on the device, shape (digits, 2, ...)."""
    primes = first(count_for(bound, where))
    with located(pair):
        out = namespace(pair).empty((len(primes), *pair.shape[1:]), np.int32)
        for i, (p, *roots, _) in enumerate(primes.rows):
            value = pair[-1].astype(np.int16).astype(np.float64)  # the highest is signed
            for digit in pair[-2::-1]:
                value = least(value * _DIGIT + digit, p, 1.0 / p)
            a, b = (value[k, ...].astype(np.int64) for k in (0, 1))
            for j, root in enumerate(roots):
                out[i, j] = centred((a + b * root) % p, p)
        return DeviceLattice.wide(out, divisor, (bound, bound))


def moved(x: DeviceLattice, device: str, where: str) -> DeviceLattice:
    """Return x on another CUDA device."""
    if x.pair is not None:
        a, b = (move(part, device, where) for part in x.pair)
        return DeviceLattice.packed(a, b, x.divisor, x.bounds)
    return DeviceLattice.wide(move(x.residues, device, where), x.divisor, x.bounds)


def to_lattice(x: DeviceLattice) -> LatticeArray:
    """Return x on the CPU, exactly."""
    if type(x.divisor) is int:
        return _to_lattice(x, x.divisor)
    d = np.broadcast_to(x.divisor, x.shape)
    below = LatticeArray.from_numerators(d, np.zeros(x.shape, np.int64))
    return arithmetic.divide(_to_lattice(x, 1), below)


def one_element(x: DeviceLattice, index: tuple[Any, ...]) -> LatticeArray:
    """Return one element, by an index as `numpy.ndarray.item` takes it; it alone travels."""
    np.broadcast_to(False, x.shape).item(*index)  # refuses what NumPy refuses
    place = index[0] if len(index) == 1 and isinstance(index[0], tuple) else index
    if len(place) != x.ndim:
        flat = place[0] % x.size if place else 0
        place = tuple(map(int, np.unravel_index(flat, x.shape)))
    return to_lattice(x[(*place, ...)])


def _to_lattice(x: DeviceLattice, divisor: int) -> LatticeArray:
    if x.pair is not None:
        a, b = (to_host(part) for part in x.pair)
        if divisor <= INT64_MAX:
            return LatticeArray.packed(a, b, divisor, bound=max(x.bounds))
        return LatticeArray.from_numerators(a, b, divisor)
    if x.size == 0:
        a, b = np.zeros((2, *x.shape), np.int64)
        return LatticeArray.packed(a, b)
    count = limbs.limbs_for(max(x.bounds))
    if count <= limbs.MOST_LIMBS and compiled_pays(x.size):
        a, b = _limbs(x, count)
        return LatticeArray.wide(a, b, divisor, bound=max(x.bounds))
    primes = first(x.residues.shape[0])
    with x.located():
        found = to_host(parts_of(x.residues, primes).astype(np.int32))
    values = integers(primes.numbers, found.reshape(len(primes), -1).astype(np.float64))
    pair = values.reshape(2, *x.shape)
    return LatticeArray.from_numerators(pair[0, ...], pair[1, ...], divisor)


def _limbs(x: DeviceLattice, count: int) -> list[Any]:
    """Return a and b on the CPU as items of so many limbs, put together on the device."""
    primes = first(x.residues.shape[0])
    with x.located():
        found = digits(parts_of(x.residues, primes), primes)
        words = to_host(x.xp.stack(halves(found, primes, 2 * count), axis=-1))
    return [limbs.wrapped(limbs.words(part), count, x.shape) for part in words]


def wake(x: DeviceLattice, dtype: np.dtype[Any]) -> Any:
    """Return the correctly rounded floats, on the device.

    Raises
    ------
    DeviceError
        int64 does not hold the numerators.
    """
    from syntonic.flux.cuda.lattice import wake_on_device

    if x.pair is None:
        raise DeviceError(
            f"wake_flux: on {x.device} numerators must fit int64, got residues of longer numbers; "
            f'call .to_device("cpu").wake_flux("{x.device}")'
        )
    a, b = (contiguous(part) for part in x.pair)
    if x.size == 0:
        return a.astype(dtype)
    return wake_on_device(a, b, x.divisor, dtype)


def extent(x: DeviceLattice) -> tuple[int, int]:
    """Return the largest |b| over the least common denominator, and the latter, of int64 pairs."""
    largest, d = x.measured().bounds[1], x.divisor
    common = gcd(d, *map(_common, x.pair)) if d > 1 else 1
    return largest // common, d // common


def _common(part: Any) -> int:
    """Return the greatest common divisor of int64 numbers, halving them step by step."""
    if part.size == 0:
        return 0
    signed = part.reshape(-1)
    flat = abs(signed).view(np.uint64)  # |-2^63| wraps to itself, which is 2^63 here
    xp = namespace(part)
    while flat.size > 1:
        half = flat.size // 2
        both = xp.gcd(flat[:half], flat[half : 2 * half])
        flat = xp.concatenate([both, flat[2 * half :]])
    return int(to_host(flat)[0])
