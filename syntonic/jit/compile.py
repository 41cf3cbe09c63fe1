"""A typed `njit` whose compiled code is kept on disk, valid until any source changes.

Importing this module imports numba. So only modules of compiled loops import it, and those are
imported when a large array first needs one. Compiled code is cached on disk. There is no
fast-math: LLVM may neither reassociate nor contract, each operation is the IEEE one written.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core import caching as _caching
from numba.core import codegen as _codegen
from numba.core import compiler as _compiler
from numba.core import sigutils as _sigutils
from numba.core.ccallback import CFunc as _CFunc

caching: Any = _caching  # untyped
codegen: Any = _codegen
compiler: Any = _compiler
sigutils: Any = _sigutils
CFunc: Any = _CFunc

F = TypeVar("F", bound=Callable[..., Any])

__all__ = ["cache_of", "callback", "njit"]

_ROOMS = ("exact", "jit", "rounding", "lattice", "flux/cpu")
_SOURCES = ("constants.py", "typing.py", *(f"{room}/**/*.py" for room in _ROOMS))
"""The files with compiled loops and what is compiled into them."""


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
    """Compile on first call, without the interpreter lock, and cache the result on disk.

    A call in compiled code becomes part of that code, and of what is cached for it.
    """
    compiled: Any = _cached(numba.njit(**_OPTIONS)(function), function)
    part = _as_part(function)
    compiled.get_call_template, compiled.get_overload = part.get_call_template, part.get_overload
    return cast(F, compiled)


def callback(function: Callable[[int], None]) -> int:
    """Compile a function of an address for C, likewise, and return its own address."""
    arguments, nothing = sigutils.normalize_signature("void(int64)")
    compiled = _cached(CFunc(function, (arguments, nothing), {}, _OPTIONS), function)
    compiled.compile()
    _CALLBACKS.append(compiled)
    address: int = compiled.address
    return address


_CALLBACKS: list[Any] = []
"""What C may call as long as the process lives."""


def _cached(compiled: Any, function: Callable[..., Any]) -> Any:
    with suppress(RuntimeError):  # neither the package nor the user has a directory for the cache
        if _STAMP:
            compiled._cache = _Cache(function)
    return compiled


_OPTIONS: Any = {"nogil": True, "error_model": "numpy"}
_ALONE: Any = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def _as_part(function: Callable[..., Any]) -> Any:
    """Return what compiles a function into the code that calls it, and for that code alone.

    Most functions are such parts. They have no machine code, no door for Python and no file of
    their own, none of which is worth the time to compile it. A part must not call itself: numba
    would ask the wrong dispatcher whether it is being compiled.
    """
    part: Any = numba.njit(**_OPTIONS, **_ALONE)(function)
    part._compiler._compile_core = partial(_compiled_part, part)
    part.add_overload = partial(_add_part, part)
    return part


def _compiled_part(part: Any, kinds: Any, result: Any) -> Any:
    flags, target = compiler.Flags(), part.targetdescr
    target.options.parse_as_flags(flags, part.targetoptions)
    flags.no_compile = True
    contexts = target.typing_context, target.target_context
    library = _Part(contexts[1].codegen(), part.py_func.__qualname__)
    return compiler.compile_extra(*contexts, part.py_func, kinds, result, flags, {}, library)


def _add_part(part: Any, compiled: Any) -> None:
    key = compiled.library  # by which its callers find it; other functions go by their addresses
    part.targetctx.insert_user_function(key, compiled.fndesc, [compiled.library])
    part.overloads[tuple(compiled.signature.args)] = compiled._replace(entry_point=key)


class _Part(codegen.JITCodeLibrary):  # type: ignore[misc]
    """Code that is linked into other code and optimized there."""

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True


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
