"""Gradients of the network operations in flux, by the loops and kernels that PyTorch's layers use.

`vjp` is reverse mode, `jvp` forward mode. A rule for each operation says what both compute, see
`gradient_rules`; the operation itself checks its arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any

import numpy as np

from syntonic.errors import DeviceError, PhaseError, ShapeError
from syntonic.flux.backend import contiguous
from syntonic.flux.device import as_flux_array, device_of
from syntonic.ops.arguments import parameter
from syntonic.ops.gradient_rules import RULES, Arguments, Array, Gradients, Rule, as_tensor
from syntonic.tensor import ResonantTensor

__all__ = ["Gradients", "beside", "jvp", "vjp"]


def vjp(
    function: Callable[..., ResonantTensor], *args: Any, **options: object
) -> tuple[ResonantTensor, Callable[[Any], Gradients]]:
    """Return what an operation gives, and the function that pulls gradients back through it.

    Parameters
    ----------
    function : callable
        One of the eight network operations: the four residual connections, `golden_layer_norm`,
        `golden_batch_norm_1d` and `2d`, `syntonic_softmax`.
    *args, **options
        Its own arguments; the tensors in flux, on the CPU or a CUDA device.

    Returns
    -------
    out : ResonantTensor
        ``function(*args, **options)``.
    pullback : callable
        From the gradient by out (a tensor in flux, or an array, of its shape) to `Gradients`.

    Raises
    ------
    PhaseError
        The input is crystallized: only flux has gradients.
    TypeError
        function is none of the eight, or its arguments are not those it takes.
    ShapeError, DeviceError
        From the pullback: the gradient has not the shape or the device of out.

    See Also
    --------
    jvp : derivatives along a direction.
    syntonic.torch : the same operations under PyTorch's autograd.

    Notes
    -----
    Results are in the dtype of the inputs; halves are computed with in float32. The pullback takes
    the statistics of a normalization anew, for another pass over its input.

    Examples
    --------
    >>> from syntonic import ResonantTensor, phi_residual
    >>> x = ResonantTensor.from_flux([1.0, 2.0])
    >>> out, pullback = vjp(phi_residual, x, x)
    >>> pullback([1.0, 0.0]).residual.tolist()
    [0.6180339887498949, 0.0]
    """
    where = "vjp"
    rule, arguments = _rule(function, args, options, where)
    out = function(*args, **options)
    _require_flux(out, where)

    def pullback(grad: Any) -> Gradients:
        return rule.pull(arguments, out, beside(grad, out, "grad", where))

    return out, pullback


def jvp(
    function: Callable[..., ResonantTensor],
    primals: tuple[Any, ...],
    tangents: tuple[Any, ...] | dict[str, Any],
    **options: object,
) -> tuple[ResonantTensor, ResonantTensor]:
    """Return what an operation gives, and its derivative along tangents of its arguments.

    Parameters
    ----------
    function : callable
        As for `vjp`.
    primals : tuple
        Its arguments in order, the tensors in flux.
    tangents : tuple or dict
        For each primal a tangent of its shape (a tensor in flux or an array), or None for 0; or
        such tangents by the arguments' names.
    **options
        More arguments of the function.

    Returns
    -------
    out, tangent : ResonantTensor
        ``function(*primals, **options)`` and its derivative.

    Raises
    ------
    PhaseError, TypeError, ShapeError, DeviceError
        As for `vjp`.

    See Also
    --------
    vjp : gradients.
    syntonic.torch : the same operations under PyTorch's autograd.

    Examples
    --------
    >>> from syntonic import ResonantTensor, phi_residual
    >>> x = ResonantTensor.from_flux([1.0, 2.0])
    >>> jvp(phi_residual, (x, x), (None, [1.0, 0.0]))[1].tolist()
    [0.6180339887498949, 0.0]
    """
    where = "jvp"
    rule, arguments = _rule(function, primals, options, where)
    out = function(*primals, **options)
    _require_flux(out, where)
    given = {
        name: _tangent(tangent, arguments.get(name), out, name, where)
        for name, tangent in _named(function, primals, tangents, where).items()
        if tangent is not None
    }
    return out, as_tensor(out, rule.push(arguments, out, given))


# -- arguments --------------------------------------------------------------------------------


def _rule(
    function: Any, args: tuple[Any, ...], options: dict[str, Any], where: str
) -> tuple[Rule, Arguments]:
    rule = RULES.get(function)
    if rule is None:
        names = ", ".join(each.__name__ for each in RULES)
        raise TypeError(f"{where}: function must be one of {names}, got {function!r}")
    try:
        bound = signature(function).bind(*args, **options)
    except TypeError as error:
        raise TypeError(f"{where}: {function.__name__} does not take this: {error}") from None
    bound.apply_defaults()
    return rule, bound.arguments


def _require_flux(out: ResonantTensor, where: str) -> None:
    if out.is_crystallized:
        raise PhaseError(f"{where}: only flux has gradients; wake the input with .wake_flux()")


def beside(value: Any, like: ResonantTensor, name: str, where: str) -> Array:
    """Return a gradient or tangent as a contiguous array to compute with, beside a tensor."""
    if isinstance(value, ResonantTensor):
        _require_flux(value, where)
        value = value.flux_array
    array = as_flux_array(value, where)
    if tuple(array.shape) != like.shape:
        raise ShapeError(f"{where}: {name} must have shape {like.shape}, got {tuple(array.shape)}")
    if device_of(array) != like.device:
        raise DeviceError(
            f"{where}: {name} must be on {like.device}, got {device_of(array)}; move it first"
        )
    return contiguous(array.astype(like._data.dtype, copy=False))


def _named(function: Any, primals: Any, tangents: Any, where: str) -> dict[str, Any]:
    """Return tangents by the names of their arguments."""
    if isinstance(tangents, dict):
        return tangents
    if len(tangents) != len(primals):
        raise ShapeError(
            f"{where}: tangents must be as many as primals, {len(primals)}, got {len(tangents)}; "
            "pass None where there is none"
        )
    return dict(zip(signature(function).parameters, tangents, strict=False))


def _tangent(value: Any, of: Any, out: ResonantTensor, name: str, where: str) -> Array:
    if isinstance(of, ResonantTensor) and name in ("x", "identity", "residual"):
        return beside(value, of, name, where)
    if of is None or name not in Gradients._fields:
        raise TypeError(f"{where}: {name} has no tangent here, got one; pass None")
    return parameter(value, out, np.shape(of), name, where, "as the argument")
