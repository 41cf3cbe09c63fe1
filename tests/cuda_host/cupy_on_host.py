"""A small stand-in for CuPy whose two devices are this computer, with CuPy's refusals.

It has what `syntonic` asks of CuPy, and no more: arrays that never turn into NumPy's by themselves
and never meet them, moves by name, DLPack and the CUDA array interface. Kernels on its arrays run
on the host harness.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

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

    def item(self, *index: int) -> Any:
        return self._host.item(*index)

    def tolist(self) -> Any:
        return self._host.tolist()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        found = getattr(self._host, name)
        if not callable(found) or isinstance(found, np.dtype):
            return _wrap(found, self._number)
        return lambda *args, **kw: _wrap(found(*_unwrap(args), **_unwrap(kw)), self._number)

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
        return _wrap(getattr(ufunc, method)(*_unwrap(inputs), **_unwrap(kw)), self._number)

    def __array_function__(self, func: Any, types: Any, args: Any, kw: Any) -> Any:
        return _wrap(func(*_unwrap(args), **_unwrap(kw)), self._number)


def _unwrap(x: Any) -> Any:
    if isinstance(x, ndarray):
        return x._host
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
    return type(x)(_wrap(y, device) for y in x) if type(x) in (tuple, list) else x


class _Runtime:
    """The host harness, for these arrays."""

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


def _asarray(x: Any) -> ndarray:
    if isinstance(x, ndarray):
        return x
    interface = getattr(x, "__cuda_array_interface__", None)
    if interface is None:
        return _array(x)
    return ndarray(np.asarray(SimpleNamespace(__array_interface__=interface)))


def _from_dlpack(x: Any) -> ndarray:
    exporter = SimpleNamespace(
        __dlpack__=lambda **_: x.__dlpack__(), __dlpack_device__=lambda: (1, 0)
    )
    return ndarray(np.from_dlpack(exporter), x.__dlpack_device__()[1])


def cupy_on_host() -> ModuleType:
    """Return the module to put where `import cupy` looks."""
    cupy = ModuleType("cupy")
    vars(cupy).update(
        ndarray=ndarray,
        array=_array,
        asarray=_asarray,
        asnumpy=lambda x: x.get(),
        ascontiguousarray=lambda x: ndarray(np.ascontiguousarray(x._host), x._number),
        from_dlpack=_from_dlpack,
        cuda=SimpleNamespace(Device=_Device, runtime=SimpleNamespace(getDeviceCount=lambda: COUNT)),
    )
    register_runtime(ndarray, lambda array: _Runtime(array._number))
    return cupy
