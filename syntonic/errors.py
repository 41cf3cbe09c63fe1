"""The error tree: every error is a `SyntonicError` and also the builtin a caller would expect.

A message says where, which argument, the rule, what came, and the remedy. It never prints an
array's contents, and of a long integer only the size: see `shown`. `SnapWarning` is for results
that are valid and may not be what is meant.
"""

import sys
import warnings
from pathlib import Path
from typing import Any

__all__ = [
    "BackendUnavailableError",
    "DeviceError",
    "FormatError",
    "KernelCompileError",
    "NotGoldenError",
    "PhaseError",
    "PrecisionError",
    "ShapeError",
    "SingularMatrixError",
    "SnapWarning",
    "SyntonicError",
    "shown",
    "warn_caller",
]

_LONG = 60  # characters


def shown(x: Any) -> str:
    """Return what came as a message or a repr shows it: of a long integer only the size.

    Python refuses to print integers of a few thousand digits, which would hide the message.

    Examples
    --------
    >>> shown(-12), shown((3, 10**5000)), shown("3")
    ('-12', '(3, an integer of 16610 bits)', "'3'")
    """
    if isinstance(x, (tuple, list)):
        inside = ", ".join(map(shown, x)) + ("," if isinstance(x, tuple) and len(x) == 1 else "")
        return f"({inside})" if isinstance(x, tuple) else f"[{inside}]"
    if hasattr(x, "bit_length") and x.bit_length() > 3 * _LONG:
        return f"an integer of {x.bit_length()} bits"
    try:
        text = repr(x) if isinstance(x, str) else str(x)
    except ValueError:  # a fraction of such integers
        return f"a {type(x).__name__} of long integers"
    return text if len(text) <= _LONG else f"{text[: _LONG - 3]}..."


class SyntonicError(Exception):
    """Base class of every error that syntonic raises on purpose.

    Examples
    --------
    >>> from syntonic import ResonantTensor, SyntonicError
    >>> try:
    ...     ResonantTensor([[1, 2], [3]])
    ... except SyntonicError as error:
    ...     print(type(error).__name__)
    ShapeError
    """


class ShapeError(SyntonicError, ValueError):
    """Shapes do not fit each other or the operation.

    Examples
    --------
    >>> from syntonic import ResonantTensor
    >>> ResonantTensor([[1, 2], [3]])
    Traceback (most recent call last):
        ...
    syntonic.errors.ShapeError: ResonantTensor: nested sequences must have one length at each depth,
    got a ragged one
    """


class PhaseError(SyntonicError, TypeError):
    """A crystallized tensor came where flux is needed, or the other way round.

    Examples
    --------
    >>> from syntonic import ResonantTensor
    >>> ResonantTensor([1]) + ResonantTensor.from_flux([1.0])
    Traceback (most recent call last):
        ...
    syntonic.errors.PhaseError: add: all tensors must be in one phase, got crystallized and flux;
    call .wake_flux() on the crystallized or .crystallize() on the flux ones
    """


class DeviceError(SyntonicError, RuntimeError):
    """Operands live on different devices, or on one that the operation cannot use.

    Examples
    --------
    >>> from syntonic import ResonantTensor
    >>> x = ResonantTensor.from_flux([1.0])
    >>> x + x.to_device("cuda")                                  # doctest: +SKIP
    Traceback (most recent call last):
        ...
    syntonic.errors.DeviceError: ...
    """


class BackendUnavailableError(SyntonicError, RuntimeError):
    """A backend (a GPU, an optional package) is asked for and is not there.

    Examples
    --------
    >>> from syntonic.kernels import load
    >>> load("phi_residual", "float32")                         # doctest: +SKIP
    Traceback (most recent call last):
        ...
    syntonic.errors.BackendUnavailableError: ...
    """


class KernelCompileError(SyntonicError, RuntimeError):
    """A kernel source did not compile.

    Examples
    --------
    >>> raise KernelCompileError("phi_residual.cu(7): error: expected a ;")
    Traceback (most recent call last):
        ...
    syntonic.errors.KernelCompileError: phi_residual.cu(7): error: expected a ;
    """


class SingularMatrixError(SyntonicError, ArithmeticError):
    """A matrix that must be invertible is singular.

    Examples
    --------
    >>> from syntonic import linalg
    >>> linalg.inv([[1, 2], [2, 4]])
    Traceback (most recent call last):
        ...
    syntonic.errors.SingularMatrixError: inv: the matrix must have an inverse, got the determinant 0
    exactly; linalg.nullspace gives the kernel
    """


class PrecisionError(SyntonicError, ValueError):
    """The stated error bound does not prove every element.

    Examples
    --------
    >>> from syntonic import ResonantTensor
    >>> flux = ResonantTensor.from_flux([1.6, 2.0])
    >>> try:
    ...     flux.crystallize(100, error_bound=0.1)
    ... except PrecisionError as error:
    ...     print("not proved")
    not proved
    """


class NotGoldenError(SyntonicError, ValueError):
    """Numbers that were to be recovered are not (provably) golden.

    Parameters
    ----------
    message
        The reasons.
    denominator, window, kappa, chance, chance_scale
        The best fit there was: its D, C, κ and the two chances; None where there was no fit.
    golden_part
        Of the ratios of squared distances, those that are golden each by itself, as
        {ratio: number of pairs}; None where it was not ratios that were to be recovered.

    Examples
    --------
    >>> from syntonic import recover
    >>> try:
    ...     recover([["0.1234567", "0.7654321"], ["0.3141593", "0.2718282"]])
    ... except NotGoldenError as error:
    ...     print(error.denominator is not None)
    True
    """

    def __init__(
        self,
        message: str,
        *,
        denominator: int | None = None,
        window: object = None,
        kappa: object = None,
        chance: float | None = None,
        chance_scale: float | None = None,
        golden_part: object = None,
    ) -> None:
        super().__init__(message)
        self.denominator = denominator
        self.window = window
        self.kappa = kappa
        self.chance = chance
        self.chance_scale = chance_scale
        self.golden_part = golden_part


class FormatError(SyntonicError, ValueError):
    """A file breaks its format.

    Parameters
    ----------
    rule
        What the format demands and what came instead.
    path
        The file, if there is one.
    line
        The line, counted from 1.

    Examples
    --------
    >>> error = FormatError("a face needs three vertices, got 2", path="cube.off", line=12)
    >>> str(error), error.line
    ('cube.off, line 12: a face needs three vertices, got 2', 12)
    """

    def __init__(self, rule: str, *, path: object = None, line: int | None = None) -> None:
        self.path = None if path is None else str(path)
        self.line = line
        place = ", ".join(
            part for part in (self.path, None if line is None else f"line {line}") if part
        )
        super().__init__(f"{place}: {rule}" if place else rule)


class SnapWarning(UserWarning):
    """Golden numbers and floats stand for each other less well than rounding explains.

    Each place that warns has one fixed text, which names the remedy, so that Python shows it once
    for a line of the caller's.

    Parameters
    ----------
    message
        The text.
    count
        How many elements are concerned.
    residual
        The largest distance of a float from its lattice point.

    Examples
    --------
    >>> import warnings
    >>> from syntonic import ResonantTensor
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     _ = ResonantTensor.from_floats([0.1234])
    >>> caught[0].category is SnapWarning, caught[0].message.count
    (True, 1)
    """

    def __init__(self, message: str, *, count: int = 0, residual: float = 0.0) -> None:
        super().__init__(message)
        self.count = count
        self.residual = residual


_PACKAGE = str(Path(__file__).parent / "_")[:-1]


def warn_caller(warning: Warning) -> None:
    """Warn at the innermost line that is not of this package: the caller's."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        level, frame = level + 1, frame.f_back
    warnings.warn(warning, stacklevel=level)
