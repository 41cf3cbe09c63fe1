"""The extension of the standard for Fourier transforms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from syntonic.xp.wrapping import on_device, wrapped

__all__ = [
    "fft",
    "fftfreq",
    "fftn",
    "fftshift",
    "hfft",
    "ifft",
    "ifftn",
    "ifftshift",
    "ihfft",
    "irfft",
    "irfftn",
    "rfft",
    "rfftfreq",
    "rfftn",
]


def __dir__() -> list[str]:
    return [*__all__]


Function = Callable[..., Any]

fft: Function = wrapped("fft.fft")
fftfreq: Function = on_device("fft.fftfreq")
fftn: Function = wrapped("fft.fftn")
fftshift: Function = wrapped("fft.fftshift")
hfft: Function = wrapped("fft.hfft")
ifft: Function = wrapped("fft.ifft")
ifftn: Function = wrapped("fft.ifftn")
ifftshift: Function = wrapped("fft.ifftshift")
ihfft: Function = wrapped("fft.ihfft")
irfft: Function = wrapped("fft.irfft")
irfftn: Function = wrapped("fft.irfftn")
rfft: Function = wrapped("fft.rfft")
rfftfreq: Function = on_device("fft.rfftfreq")
rfftn: Function = wrapped("fft.rfftn")
