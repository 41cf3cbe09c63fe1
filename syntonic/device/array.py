"""`DeviceLattice`: an immutable n-d array of elements of Q(φ) on a CUDA device.

packed
    int64 numerators a and b.
wide
    Residues of a + bφ modulo the first split primes of one list, at both roots of x² - x - 1, as
    many as their bounds ask for: +, - and * act on them directly (see `fields`).

Either has a positive denominator, a Python integer of any size, or an array of them on the host
that broadcasts, one for each matrix of a batch; and proven bounds of |a| and |b|. An operation
decides by the bounds of its result, before it runs, whether int64 holds it; where they say no it
measures the numbers once, and where they still do, it goes on in residues. Nothing looks for
overflow afterwards, and no array travels by itself.

NumPy's arrays serve in the place of CuPy's: the modules of this package take the library of the
arrays they are given.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from math import lcm
from typing import Any, NoReturn

import numpy as np

from syntonic.constants import INT64_MAX
from syntonic.device.fields import (
    WIDTH,
    Primes,
    count_for,
    digits,
    evaluated,
    first,
    images,
    parts_of,
    reduced,
)
from syntonic.errors import DeviceError
from syntonic.flux.backend import contiguous
from syntonic.flux.cuda import exact
from syntonic.flux.device import device_of, is_cuda, namespace, to_host
from syntonic.lattice.array import LatticeArray

__all__ = ["Bounds", "DeviceLattice", "fits", "located", "not_there"]

Bounds = tuple[int, int]
"""Upper bounds of |a| and of |b|."""

_SAFE = INT64_MAX - (1 << WIDTH)
"""The last step of the way back from residues passes by numbers that are so much larger."""


def fits(bounds: Bounds) -> bool:
    """Tell whether int64 holds numbers of these sizes."""
    return max(bounds) <= INT64_MAX


def not_there(where: str, device: str) -> str:
    """Return the refusal of what only the CPU's exact arrays do."""
    return (
        f"{where}: it is not computed for crystallized tensors on {device}; "
        'call .to_device("cpu") first'
    )


def located(array: Any) -> AbstractContextManager[Any]:
    """Return a context in which new arrays lie beside this one."""
    return namespace(array).cuda.Device(array.device.id) if is_cuda(array) else nullcontext()


class DeviceLattice:
    """Hold a + bφ over a shared denominator, exactly, on the device of its arrays.

    Attributes
    ----------
    pair
        The int64 arrays a and b, or None where the array is wide.
    residues
        int32 residues of least size, of shape (primes, 2, *shape), or None.
    divisor
        The denominator, or an object array of as many axes; not necessarily the least.
    bounds
        Of |a| and |b|.
    """

    __slots__ = ("_measured", "bounds", "divisor", "pair", "residues")

    pair: Any
    residues: Any
    divisor: Any
    bounds: Bounds
    _measured: bool

    @classmethod
    def packed(cls, a: Any, b: Any, divisor: Any, bounds: Bounds) -> DeviceLattice:
        """Wrap int64 arrays of one shape, under proven bounds."""
        xp = namespace(a)
        return cls._made((xp.asarray(a), xp.asarray(b)), None, divisor, bounds)

    @classmethod
    def wide(cls, residues: Any, divisor: Any, bounds: Bounds) -> DeviceLattice:
        """Wrap residues modulo the first primes, at least as many as the bounds ask for."""
        return cls._made(None, residues, divisor, bounds)

    @classmethod
    def _made(cls, pair: Any, residues: Any, divisor: Any, bounds: Bounds) -> DeviceLattice:
        self = object.__new__(cls)
        self.pair, self.residues, self.divisor, self.bounds = pair, residues, divisor, bounds
        self._measured = False
        return self

    def __getattr__(self, name: str) -> NoReturn:
        if hasattr(LatticeArray, name):
            raise DeviceError(not_there("syntonic", self.device))
        raise AttributeError(f"'DeviceLattice' object has no attribute {name!r}")

    @property
    def _some(self) -> Any:
        return self.residues if self.pair is None else self.pair[0]

    @property
    def xp(self) -> Any:
        """The library of the arrays."""
        return namespace(self._some)

    @property
    def device(self) -> str:
        return device_of(self._some)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.residues.shape[2:] if self.pair is None else self.pair[0].shape

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return self.residues[0, 0].size if self.pair is None else self.pair[0].size

    @property
    def nbytes(self) -> int:
        return self.residues.nbytes if self.pair is None else 2 * self.pair[0].nbytes

    def located(self) -> AbstractContextManager[Any]:
        """Return a context in which new arrays lie on this one's device."""
        return located(self._some)

    def measured(self) -> DeviceLattice:
        """Return this with bounds that are the largest sizes, if it is packed.

        Four numbers travel to the host, once.
        """
        if self.pair is None or self._measured or self.size == 0:
            return self
        xp = self.xp
        ends = [end for part in self.pair for end in (part.max(), part.min())]
        a, low_a, b, low_b = to_host(xp.stack(ends)).tolist()  # as Python ints: |-2^63|
        self.bounds = max(abs(a), abs(low_a)), max(abs(b), abs(low_b))
        self._measured = True
        return self

    def over(self, divisors: Any) -> DeviceLattice:
        """Return this over an array of denominators instead, or over the one they all are."""
        alike = (divisors == divisors.flat[0]).all()
        divisor = int(divisors.flat[0]) if alike else divisors
        return DeviceLattice._made(self.pair, self.residues, divisor, self.bounds)

    def integral(self) -> DeviceLattice:
        """Return the numerators."""
        return DeviceLattice._made(self.pair, self.residues, 1, self.bounds)

    def common(self, where: str) -> DeviceLattice:
        """Return the same over one denominator.

        Raises
        ------
        DeviceError
            It would be too long.
        """
        if type(self.divisor) is int:
            return self
        out = 1
        for d in self.divisor.flat:
            out = lcm(out, d)
            count_for(out, where)
        factors = out // self.divisor
        largest = int(factors.max())
        bounds = self.bounds[0] * largest, self.bounds[1] * largest
        primes = first(count_for(max(bounds), where))
        residues = reduced(
            self.images(len(primes)).astype(np.int64) * primes.modulo_each(self._some, factors),
            primes,
        )
        return DeviceLattice.wide(residues, out, bounds).least(where)

    def images(self, count: int) -> Any:
        """Return the residues modulo the first primes."""
        held = 0 if self.pair is not None else self.residues.shape[0]
        if held >= count:
            return self.residues[:count]
        if held == 0:
            return self.modulo(first(count))
        more = self.modulo(Primes(held, count))
        return self.xp.concatenate([self.residues, more])

    def modulo(self, primes: Primes) -> Any:
        """Return the residues modulo any primes."""
        if self.pair is not None:
            return images(self.pair[0], self.pair[1], primes)
        held = first(self.residues.shape[0])
        return evaluated(digits(parts_of(self.residues, held), held), held, primes)

    def least(self, where: str) -> DeviceLattice:
        """Return the same without residues that its bounds do not ask for; packed if they allow."""
        if self.pair is not None:
            return self
        primes = first(count_for(max(self.bounds), where))
        residues = self.residues[: len(primes)]
        if max(self.bounds) > _SAFE:
            return DeviceLattice.wide(residues, self.divisor, self.bounds)
        if is_cuda(residues) and len(primes) <= exact.MOST_DIGITS:
            tables = primes.table(residues), *primes.garner(residues)
            a, b = exact.integers(contiguous(residues), *tables)
            return DeviceLattice.packed(a, b, self.divisor, self.bounds)
        found = digits(parts_of(residues, primes), primes)
        value = found[-1]
        for digit, p in zip(found[-2::-1], primes.numbers[-2::-1], strict=True):
            value = value * p + digit
        return DeviceLattice.packed(value[0], value[1], self.divisor, self.bounds)

    def map(self, function: Callable[[Any], Any]) -> DeviceLattice:
        """Apply to the parts a function that only moves elements (or fills with zeros)."""
        return self._mapped(function, function)

    def _mapped(self, function: Any, of_divisors: Any) -> DeviceLattice:
        xp, divisor = self.xp, self.divisor
        if type(divisor) is not int:
            divisor = np.asarray(of_divisors(np.broadcast_to(divisor, self.shape)), object)
            divisor = np.where(divisor == 0, 1, divisor)
        with self.located():
            if self.pair is not None:
                a, b = map(function, self.pair)
                return DeviceLattice.packed(a, b, divisor, self.bounds)
            rows = [
                xp.stack([xp.asarray(function(row[j])) for j in (0, 1)]) for row in self.residues
            ]
            return DeviceLattice.wide(xp.stack(rows), divisor, self.bounds)

    def conjugate(self) -> DeviceLattice:
        """Return the Galois conjugates of residues: the other root's are theirs."""
        a, b = self.bounds
        return DeviceLattice.wide(self.residues[:, ::-1], self.divisor, (a + b, b))

    def __getitem__(self, index: Any) -> DeviceLattice:
        def on_host() -> Any:
            each = index if isinstance(index, tuple) else (index,)
            return tuple(to_host(i) if is_cuda(i) else i for i in each)

        return self._mapped(lambda part: part[index], lambda part: part[on_host()])

    def __repr__(self) -> str:
        layout = "wide" if self.pair is None else "packed"
        return f"<DeviceLattice {self.shape} {layout} on {self.device}>"
