"""A small stand-in for CuPy whose two devices are this computer, with CuPy's refusals.

Its arrays never turn into NumPy's by themselves and never meet them; they have moves by name,
DLPack and the CUDA array interface, and kernels on them run on the host harness. Its functions,
ufuncs and methods are those of CuPy with CuPy's arguments, from the table of `cupy_signatures`:
what the table lacks is refused as CuPy refuses it. NumPy computes the values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import reduce
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from cuda_host.cupy_signatures import TABLE, signature
from cuda_host.runtime import RUNTIME, HostArray
from syntonic.flux.cuda.launch import register_runtime

__all__ = ["cupy_on_host", "ndarray"]

COUNT = 2
_CUDA = 2  # kDLCUDA
_current = [0]


class ndarray(np.lib.mixins.NDArrayOperatorsMixin):
    """An array on a pretended device; what it does not define here, its NumPy array does."""

    def __init__(self, host: Any, device: int | None = None) -> None:
        self._host = np.asarray(host).view(HostArray)
        self._number = _current[-1] if device is None else device

    @property
    def device(self) -> Any:
        return SimpleNamespace(id=self._number)

    @property
    def data(self) -> Any:
        return SimpleNamespace(ptr=self._host.ctypes.data, device_id=self._number)

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        return {**self._host.__array_interface__, "version": 3, "stream": 1}

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError("Implicit conversion to a NumPy array is not allowed")

    def __dlpack__(self, **_: Any) -> Any:
        return np.asarray(self._host).__dlpack__()

    def __dlpack_device__(self) -> tuple[int, int]:
        return _CUDA, self._number

    def get(self) -> np.ndarray[Any, Any]:
        return np.array(self._host, subok=False)

    def item(self) -> Any:
        return self._host.item()

    def tolist(self) -> Any:
        return self._host.tolist()

    def __getattr__(self, name: str) -> Any:
        if name in TABLE["attributes"]:
            return _wrap(getattr(self._host, name), self._number)
        if name not in TABLE["methods"]:
            raise AttributeError(f"'cupy.ndarray' object has no attribute '{name}'")

        def method(*args: Any, **kw: Any) -> Any:
            signature(TABLE["methods"][name]).bind(self, *args, **kw)
            _check_sort(name, kw)
            return _wrap(getattr(self._host, name)(*_unwrap(args), **_unwrap(kw)), self._number)

        return method

    def __getitem__(self, index: Any) -> Any:
        return _wrap(self._host[_unwrap(index)], self._number)

    def __setitem__(self, index: Any, value: Any) -> None:
        self._host[_unwrap(index)] = _unwrap(value)

    def __len__(self) -> int:
        return len(self._host)

    def __bool__(self) -> bool:
        return bool(self._host)

    def __float__(self) -> float:
        return float(self._host)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kw: Any) -> Any:
        if "out" in kw:
            (kw["out"],) = kw["out"]
        try:
            function = getattr(MODULE, ufunc.__name__)
            if method != "__call__":
                function = getattr(function, method)
        except AttributeError:
            return NotImplemented
        if not all(isinstance(x, _TAKEN_BY_UFUNCS) for x in inputs):
            return NotImplemented
        return function(*inputs, **kw)

    def __array_function__(self, func: Any, types: Any, args: Any, kw: Any) -> Any:
        try:
            module = reduce(getattr, func.__module__.split(".")[1:], MODULE)
            function = getattr(module, func.__name__)
        except AttributeError:
            return NotImplemented
        if not all(issubclass(t, (ndarray, np.ndarray)) for t in types):
            return NotImplemented
        return function(*args, **kw)


_TAKEN_BY_UFUNCS = (ndarray, np.ndarray, np.generic, bool, int, float, complex)


def _unwrap(x: Any) -> Any:
    if isinstance(x, ndarray):
        return x._host.view(np.ndarray)
    if type(x) in (tuple, list):
        return type(x)(map(_unwrap, x))
    if isinstance(x, dict):
        return {key: _unwrap(value) for key, value in x.items()}
    if isinstance(x, np.ndarray) and not isinstance(x, HostArray):
        raise TypeError(f"Unsupported type {type(x)}")
    return x


def _wrap(x: Any, device: int) -> Any:
    if isinstance(x, (np.ndarray, np.generic)):
        return ndarray(x, device)
    if hasattr(x, "_fields"):
        return type(x)(*(_wrap(y, device) for y in x))
    return type(x)(_wrap(y, device) for y in x) if type(x) in (tuple, list) else x


def _device_in(x: Any) -> int | None:
    """Return the device of the first array in nested arguments."""
    if isinstance(x, ndarray):
        return x._number
    inside = x.values() if isinstance(x, dict) else x if isinstance(x, (tuple, list)) else ()
    return next((found for found in map(_device_in, inside) if found is not None), None)


def _run(function: Callable[..., Any], args: Any, kw: Any) -> Any:
    device = _device_in((args, kw))
    out = function(*_unwrap(args), **_unwrap(kw))
    return _wrap(out, _current[-1] if device is None else device)


# Where the arguments of one name have another place in CuPy.
_OTHER_ORDER = {"argmax", "argmin", "nanargmax", "nanargmin", "histogram2d", "histogramdd"}


def _check_sort(name: str, kw: dict[str, Any]) -> None:
    if name in ("sort", "argsort") and kw.get("kind") not in (None, "stable"):
        raise ValueError("kind can only be None or 'stable'")


def _check_arrays(name: str, args: Any) -> None:
    arrays = {"choose": args[:2], "lexsort": args[:1]}.get(name, ())
    for x in arrays:
        if not isinstance(x, ndarray):
            raise AttributeError(f"{type(x).__name__!r} object is not an array")
    if name == "searchsorted" and any(isinstance(x, list) for x in args):
        raise NotImplementedError("Only python scalars or ndarrays are supported for v")
    if name == "piecewise" and any(map(callable, args[2])):
        raise NotImplementedError("Callable functions are not supported currently")


def _function(name: str, text: str) -> Callable[..., Any]:
    def function(*args: Any, **kw: Any) -> Any:
        bound = signature(text).bind(*args, **kw)
        _check_sort(name, bound.arguments)
        _check_arrays(name, args)
        if not bound.arguments.get("shape", True):  # CuPy takes shape=() for none
            kw = {key: x for key, x in kw.items() if key != "shape" or not name.endswith("_like")}
        if name in _OTHER_ORDER:
            args, kw = (), bound.arguments
        if name == "array_repr":  # it shows the class
            return np.array_repr(bound.args[0].get(), *bound.args[1:], **bound.kwargs)
        return _run(_of_numpy(name), args, kw)

    function.__signature__ = signature(text)  # type: ignore[attr-defined]
    return function


def _of_numpy(name: str) -> Any:
    return reduce(getattr, name.split("."), np)


class _Ufunc:
    """A ufunc of CuPy: few options, and few methods for most."""

    def __init__(self, name: str) -> None:
        self._name, self._numpy = name, getattr(np, name)
        self.nin = self._numpy.nin

    def __call__(self, *args: Any, **kw: Any) -> Any:
        if wrong := set(kw) - {"out", "casting", "dtype"}:
            raise TypeError(f"Wrong arguments { {key: kw[key] for key in wrong} }")
        return _run(self._numpy, args, kw)

    def outer(self, A: Any, B: Any, **kw: Any) -> Any:
        return self(A.reshape(A.shape + (1,) * B.ndim), B, **kw)

    def reduce(self, *args: Any, **kw: Any) -> Any:
        return self._method("reduce", ("add", "multiply"), args, kw)

    def accumulate(self, *args: Any, **kw: Any) -> Any:
        return self._method("accumulate", ("add", "multiply"), args, kw)

    def reduceat(self, *args: Any, **kw: Any) -> Any:
        return self._method("reduceat", ("add",), args, kw)

    def _method(self, method: str, names: tuple[str, ...], args: Any, kw: Any) -> Any:
        signature(TABLE["ufunc_methods"][method]).bind(self, *args, **kw)
        if self._name not in names:
            raise NotImplementedError(f"`cupy_{self._name}.{method}` is not supported yet")
        return _run(getattr(self._numpy, method), args, kw)


class _Runtime:
    """The host harness, for these arrays."""

    shared = RUNTIME.shared

    def __init__(self, device: int) -> None:
        self._number = device

    def empty(self, shape: tuple[int, ...], dtype: Any) -> ndarray:
        return ndarray(RUNTIME.empty(shape, dtype), self._number)

    def launch(self, *what: Any, **options: Any) -> None:
        RUNTIME.launch(*map(_unwrap_argument, what), **options)


def _unwrap_argument(x: Any) -> Any:
    return tuple(map(_unwrap_argument, x)) if type(x) is tuple else getattr(x, "_host", x)


@contextmanager
def _device(number: int) -> Iterator[None]:
    _current.append(number)
    try:
        yield
    finally:
        _current.pop()


class _Device:
    def __init__(self, number: int | None = None) -> None:
        self.id = _current[-1] if number is None else number
        self._scope = _device(self.id)

    def __enter__(self) -> _Device:
        self._scope.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._scope.__exit__(*error)


def _array(x: Any, dtype: Any = None, **_: Any) -> ndarray:
    return ndarray(np.array(x._host if isinstance(x, ndarray) else x, dtype))


def _asarray(x: Any, **_: Any) -> ndarray:
    if isinstance(x, ndarray):
        return x
    interface = getattr(x, "__cuda_array_interface__", None)
    if interface is None:
        return _array(x)
    return ndarray(np.asarray(SimpleNamespace(__array_interface__=interface)))


def _from_dlpack(x: Any) -> ndarray:
    return ndarray(np.from_dlpack(_Exporter(x)), x.__dlpack_device__()[1])


class _Exporter:
    """An array as one on the CPU, where it is."""

    def __init__(self, array: Any) -> None:
        self._array = array

    def __dlpack__(self, **_: Any) -> Any:
        return self._array.__dlpack__()

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0


MODULE = ModuleType("cupy")


def _fill(module: Any) -> None:
    """Put the functions of the table where CuPy has them; NumPy must have them too."""
    for name, text in TABLE["functions"].items():
        *path, last = name.split(".")
        place = reduce(_inside, path, module)
        setattr(place, last, _function(name, text))
    for name, text in TABLE["ufuncs"].items():
        is_ufunc = text.startswith("x1")
        setattr(module, name, _Ufunc(name) if is_ufunc else _function(name, text))


def _inside(module: Any, name: str) -> Any:
    return vars(module).setdefault(name, SimpleNamespace())


def cupy_on_host() -> ModuleType:
    """Return the module to put where `import cupy` looks."""
    vars(MODULE).update(
        ndarray=ndarray,
        array=_array,
        asarray=_asarray,
        asnumpy=lambda x: x.get(),
        ascontiguousarray=lambda x: ndarray(np.ascontiguousarray(x._host), x._number),
        from_dlpack=_from_dlpack,
        cuda=SimpleNamespace(Device=_Device, runtime=SimpleNamespace(getDeviceCount=lambda: COUNT)),
    )
    register_runtime(ndarray, lambda array: _Runtime(array._number))
    return MODULE


_fill(MODULE)
