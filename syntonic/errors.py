"""The error tree: every error is a `SyntonicError` and also the builtin a caller would expect.

A message says where, which argument, the rule, what came, and the remedy. It never prints an
array's contents.
"""

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
    "SyntonicError",
]


class SyntonicError(Exception):
    """Base class of every error that syntonic raises on purpose."""


class ShapeError(SyntonicError, ValueError):
    """Shapes do not fit each other or the operation."""


class PhaseError(SyntonicError, TypeError):
    """A crystallized tensor came where flux is needed, or the other way round."""


class DeviceError(SyntonicError, RuntimeError):
    """Operands live on different devices, or on one that the operation cannot use."""


class BackendUnavailableError(SyntonicError, RuntimeError):
    """A backend (a GPU, an optional package) is asked for and is not there."""


class KernelCompileError(SyntonicError, RuntimeError):
    """A kernel source did not compile."""


class SingularMatrixError(SyntonicError, ArithmeticError):
    """A matrix that must be invertible is singular."""


class PrecisionError(SyntonicError, ValueError):
    """The stated error bound does not prove every element."""


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
    """

    def __init__(self, rule: str, *, path: object = None, line: int | None = None) -> None:
        self.path = None if path is None else str(path)
        self.line = line
        place = ", ".join(
            part for part in (self.path, None if line is None else f"line {line}") if part
        )
        super().__init__(f"{place}: {rule}" if place else rule)
