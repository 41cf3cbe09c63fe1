"""What the compiled loops share: a typed `njit`, fused multiply-add, exact sums, threads.

Importing this module imports numba. So only modules of compiled loops import it, and those are
imported when a large array first needs one. Compiled code is cached on disk. There is no
fast-math: LLVM may neither reassociate nor contract, each operation is the IEEE one written.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.core import caching as _caching
from numba.core import sigutils as _sigutils
from numba.extending import intrinsic

from syntonic.exact.pairs import nearest_float
from syntonic.jit.thread_count import get_num_threads

caching: Any = _caching  # untyped
sigutils: Any = _sigutils

F = TypeVar("F", bound=Callable[..., Any])

__all__ = [
    "BLOCK",
    "cache_of",
    "distill",
    "exact_sign",
    "fma",
    "from_bits",
    "in_chunks",
    "njit",
    "to_bits",
    "to_float",
    "to_int",
    "two_product",
    "two_sum",
    "words",
]

BLOCK = 1024
"""Elements a loop treats before it looks at what it could not decide: a few level-1 pages."""

SIGN_TERMS = 10
"""The scratch space of `exact_sign`, in doubles."""

_CHUNK = 1 << 17  # about a millisecond of work, some ten times what starting a thread costs

_LONGEST = 1 << 19  # some milliseconds for most elements, half a second for the hardest

_ROOMS = ("exact", "jit", "rounding", "lattice", "flux/cpu")
_SOURCES = ("constants.py", "typing.py", *(f"{room}/**/*.py" for room in _ROOMS))
"""The files with compiled loops and what is compiled into them."""

_MAGIC = 6755399441055744.0  # 1.5 * 2^52: adding it leaves an integer in the low bits
_MAGIC_BITS = 0x4338000000000000


def _source_stamp() -> str:
    """Return a digest of all that compiled code is made of; nothing if no source is to be found."""
    package = Path(__file__).parents[1]
    files = [file for name in _SOURCES for file in sorted(package.glob(name))]
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest() if files else ""


_STAMP = _source_stamp()


class _Cache(caching.FunctionCache):  # type: ignore[misc]
    """Compiled code of one function on disk, valid until any of the sources changes.

    Numba's own looks at the function's file alone, and so keeps what it has inlined from others.
    What is damaged, cannot be read or cannot be written is as if it were not there: a cache makes
    calls faster, and decides nothing.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        stamp = self._impl.locator.get_source_stamp(), _STAMP
        self._cache_file = caching.IndexDataCacheFile(
            self._cache_path, self._impl.filename_base, stamp
        )

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return what was asked for: of two processes, one may write the index, one the data."""
        try:
            found = super().load_overload(sig, target_context)
        except Exception:  # of pickle, of LLVM, of the file system: any that a damaged file gives
            self._discard()
            return None
        wanted, _ = sigutils.normalize_signature(sig)
        return found if found is not None and found.signature.args == wanted else None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Save the code, unless it is of sources that have changed since they were stamped."""
        with suppress(Exception):
            if _source_stamp() == _STAMP:
                self._save(sig, data)

    def _save(self, sig: Any, data: Any) -> None:
        try:
            super().save_overload(sig, data)
        except Exception:  # the index may be what is damaged; a full disk fails again
            self._discard()
            super().save_overload(sig, data)

    def _discard(self) -> None:
        """Begin the function's index anew."""
        with suppress(Exception):
            self.flush()


def njit(function: F) -> F:
    """Compile on first call, without the interpreter lock, and cache the result on disk."""
    compiled: Any = numba.njit(nogil=True, error_model="numpy")(function)
    with suppress(RuntimeError):  # neither the package nor the user has a directory for the cache
        if _STAMP:
            compiled._cache = _Cache(function)
    return cast(F, compiled)


def cache_of(loop: Any) -> tuple[str, int] | None:
    """Return the folder where a compiled loop and its neighbours are saved, and how many are.

    Those count that calls will use: compiled from these sources by this numba, undamaged. None
    where no folder can be written.
    """
    folder = loop.stats.cache_path
    if folder is None:
        return None
    indices = Path(folder).glob(f"*.py{sys.version_info[0]}{sys.version_info[1]}*.nbi")
    return folder, sum(_saved(index, loop) for index in indices)


def _saved(index: Path, beside: Any) -> int:
    source = Path(beside.py_func.__code__.co_filename).with_name(
        f"{index.name.partition('.')[0]}.py"
    )
    with suppress(Exception):  # as in loading: what is damaged is not there
        locator = type(beside._cache._impl.locator)(beside.py_func, str(source))
        stamp = locator.get_source_stamp(), _STAMP
        found = caching.IndexDataCacheFile(index.parent, index.stem, stamp)._load_index()
        return sum((index.parent / name).is_file() for name in found.values())
    return 0


def in_chunks(loop: Callable[..., int], arrays: tuple[npt.NDArray[Any], ...], *rest: Any) -> int:
    """Return the sum of loop(*slices, *rest) over 1-d slices of the arrays, in threads if it pays.

    Slices are short enough for Ctrl-C to come between them. For the number of threads see
    `syntonic.set_num_threads`.
    """
    size = arrays[0].size
    threads = max(1, min(get_num_threads(), size // _CHUNK))
    step = min(-(-size // (threads * BLOCK)) * BLOCK, _LONGEST)
    parts = [tuple(x[i : i + step] for x in arrays) for i in range(0, max(size, 1), max(step, 1))]
    if threads == 1:
        return sum(loop(*part, *rest) for part in parts)
    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(lambda part: loop(*part, *rest), parts))


def words(p: int, q: int, d: int, count: int) -> tuple[float, ...]:
    """Return (p + qφ)/d as a sum of `count` doubles, each the nearest to what is left."""
    out = []
    for _ in range(count):
        out.append(nearest_float(p, q, d))
        top, bottom = out[-1].as_integer_ratio()
        p, q, d = p * bottom - top * d, q * bottom, d * bottom
    return tuple(out)


PHI_WORDS = words(0, 1, 1, 5)
"""φ to within 2^-265."""

_P0, _P1, _P2 = PHI_WORDS[:3]


def _build_fma(builder: Any, args: Any) -> Any:
    double = ir.DoubleType()
    name, module = "llvm.fma.f64", builder.module
    kind = ir.FunctionType(double, [double, double, double])
    return builder.call(module.globals.get(name) or ir.Function(module, kind, name), args)


@intrinsic
def _fma(context: Any, x: Any, y: Any, z: Any) -> Any:
    double = types.float64
    return double(double, double, double), lambda ctx, builder, sig, args: _build_fma(builder, args)


@intrinsic
def _to_bits(context: Any, x: Any) -> Any:
    return types.int64(types.float64), lambda ctx, builder, sig, args: builder.bitcast(
        args[0], ir.IntType(64)
    )


@intrinsic
def _from_bits(context: Any, n: Any) -> Any:
    return types.float64(types.int64), lambda ctx, builder, sig, args: builder.bitcast(
        args[0], ir.DoubleType()
    )


fma = cast(Callable[[float, float, float], float], _fma)
"""x*y + z, rounded once. numba's own x*y + z is two roundings."""

to_bits = cast(Callable[[float], int], _to_bits)
from_bits = cast(Callable[[int], float], _from_bits)


@njit
def to_int(x: float) -> int:
    """Convert an integral x, |x| < 2^51: unlike a cast, this vectorises without AVX-512."""
    return to_bits(x + _MAGIC) - _MAGIC_BITS


@njit
def to_float(n: int) -> float:
    """Convert n, |n| < 2^51, likewise."""
    return from_bits(n + _MAGIC_BITS) - _MAGIC


@njit
def two_sum(x: float, y: float) -> tuple[float, float]:
    """Return s = fl(x + y) and the error e, s + e = x + y (Knuth)."""
    s = x + y
    t = s - x
    return s, (x - (s - t)) + (y - t)


@njit
def two_product(x: float, y: float) -> tuple[float, float]:
    """Return p = fl(xy) and the error e, p + e = xy (barring underflow)."""
    p = x * y
    return p, fma(x, y, -p)


@njit
def distill(terms: npt.NDArray[np.float64], passes: int) -> tuple[float, float]:
    """Return (hi, lo), the sum of the terms to about twice the precision; overwrites them.

    Passes of error-free sums, then a plain one. With n terms and u = 2^-53 the error of hi + lo
    is at most 2n²u²|sum| + (2nu)^(passes+1) Σ|terms|.

    References
    ----------
    T. Ogita, S. M. Rump, S. Oishi, "Accurate sum and dot product", SIAM J. Sci. Comput. 26
    (2005), 1955-1988, algorithm 4.8 (SumK); its analysis, section 4, bounds each pass.
    """
    last = terms.size - 1
    for _ in range(passes):
        for i in range(last):
            terms[i + 1], terms[i] = two_sum(terms[i], terms[i + 1])
    rest = 0.0
    for i in range(last):
        rest += terms[i]
    return two_sum(terms[last], rest)


@njit
def exact_sign(
    x: float, y: float, z: float, a: float, b: float, terms: npt.NDArray[np.float64]
) -> int:
    """Return the sign of x + y + z + a + bφ, or 0 if it is zero or in doubt.

    For |a|, |b| <= 2^52 and |x + y + z| <= 2^52: three words of φ leave |b| 2^-160, the sum
    2^-140. `terms` is scratch space for SIGN_TERMS doubles.
    """
    terms[0], terms[1], terms[2], terms[3] = x, y, z, a
    terms[4], terms[5] = two_product(b, _P0)
    terms[6], terms[7] = two_product(b, _P1)
    terms[8], terms[9] = two_product(b, _P2)
    total, _ = distill(terms, 3)
    if abs(total) <= (abs(b) + abs(x)) * 2.0**-155 + 2.0**-135:
        return 0
    return 1 if total > 0 else -1
