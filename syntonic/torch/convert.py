"""Existing models made golden, and back: `goldenize`, `degoldenize`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import nn

from syntonic.torch import residuals as connections
from syntonic.torch.checks import norm_mode_of, target_of
from syntonic.torch.modules import SyntonicSoftmax
from syntonic.torch.norm_modules import (
    GoldenBatchNorm1d,
    GoldenBatchNorm2d,
    GoldenBatchNorm3d,
    GoldenLayerNorm,
)
from syntonic.torch.sync import SyncGoldenBatchNorm
from syntonic.typing import NormModeName, SoftmaxModeName

if TYPE_CHECKING:
    from syntonic.ops.norm import GoldenNormMode

__all__ = ["Conversion", "ConversionReport", "degoldenize", "goldenize"]

_NORMS: dict[type[nn.Module], type[nn.Module]] = {
    nn.BatchNorm1d: GoldenBatchNorm1d,
    nn.BatchNorm2d: GoldenBatchNorm2d,
    nn.BatchNorm3d: GoldenBatchNorm3d,
    nn.SyncBatchNorm: SyncGoldenBatchNorm,
    nn.LayerNorm: GoldenLayerNorm,
}
_PLAIN_NORMS = {golden: plain for plain, golden in _NORMS.items()}
_FAST_LAYERS = (nn.TransformerEncoderLayer,)
_ALIKE = (nn.modules.batchnorm._BatchNorm, nn.LayerNorm, nn.Softmax)
"""What looks like something to convert; a subclass may do anything, and stays."""


class Conversion(NamedTuple):
    """What was done to one part of a model.

    Attributes
    ----------
    name : str
        The module's, or the node's in a traced graph; "" is the model itself.
    before, after : str
        The types; the same where the part was kept.
    reason : str
        Why it was kept; "" where it was converted.

    See Also
    --------
    ConversionReport : holds them.
    goldenize : makes them.

    Examples
    --------
    >>> from torch import nn
    >>> goldenize(nn.Sequential(nn.LayerNorm(4))).report.changed[0].after
    'GoldenLayerNorm'
    """

    name: str
    before: str
    after: str
    reason: str = ""


class ConversionReport(NamedTuple):
    """What a conversion changed, and what it saw and left as it was.

    Attributes
    ----------
    changed, kept : tuple of Conversion
        In the order of the model.

    See Also
    --------
    goldenize, degoldenize : give it.

    Examples
    --------
    >>> from torch import nn
    >>> class OwnNorm(nn.LayerNorm):
    ...     pass
    >>> report = goldenize(nn.Sequential(nn.LayerNorm(4), OwnNorm(4))).report
    >>> [each.name for each in report.changed], [each.name for each in report.kept]
    (['0'], ['1'])
    """

    changed: tuple[Conversion, ...]
    kept: tuple[Conversion, ...]

    def __str__(self) -> str:
        lines = [f"{c.name or '(model)'}: {c.before} -> {c.after}" for c in self.changed]
        lines += [f"{c.name or '(model)'}: {c.before} kept, {c.reason}" for c in self.kept]
        return "\n".join(lines)


class _Converted(NamedTuple):
    """A model and what was done to it."""

    module: nn.Module
    report: ConversionReport


def goldenize(
    module: nn.Module,
    *,
    mode: GoldenNormMode | NormModeName = "golden",
    preserve: bool = False,
    residuals: bool = False,
    num_features: int | None = None,
) -> _Converted:
    """Replace the normalizations, softmaxes and, if asked to, residual additions of a model.

    Parameters
    ----------
    module : torch.nn.Module
        The model, which is changed: its parts are replaced in place. Its parameters stay the same
        objects, so that optimizers keep them.
    mode : GoldenNormMode or str, default "golden"
        The target variance t of the normalizations.
    preserve : bool, default False
        Divide the weights by √t, so that the outputs stay the same up to rounding. Normalizations
        without a weight are kept then. Otherwise each output before its bias is times √t.
    residuals : bool, default False
        Replace x + f(x) by `PhiResidual`: the model is traced by `torch.fx`, and a `GraphModule` is
        returned. A sum of two branches, such as f(x) and a projection of x, has no identity: it is
        kept, and told. A model that cannot be traced is refused, unchanged.
    num_features : int, optional
        Give softmaxes mode norms for this many classes (mode "learned"); else they become mode
        "identity", the same function as before.

    Returns
    -------
    module : torch.nn.Module
        The model; a new one if it is itself a normalization or softmax, or with `residuals`.
    report : ConversionReport
        What was changed, and what was kept and why. Functional calls (``F.softmax``) cannot be
        seen.

    Raises
    ------
    ValueError
        The mode is unknown, or `residuals` is asked for and the model cannot be traced.
    TypeError
        module is no `torch.nn.Module`.

    See Also
    --------
    degoldenize : the inverse.

    Notes
    -----
    BatchNorm1d, 2d, 3d, SyncBatchNorm, LayerNorm and Softmax keep parameters, buffers, hooks,
    device, training flag and sharing; subclasses, of which nobody knows what they do, are kept as
    they are. `torch.nn.TransformerEncoderLayer` has a way of its own in evaluation, which would
    take the norms for plain ones: it is closed, and opened again by `degoldenize`.

    Examples
    --------
    >>> from torch import nn
    >>> model, report = goldenize(nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4)))
    >>> print(report)
    1: LayerNorm -> GoldenLayerNorm
    >>> print(degoldenize(model).report)
    1: GoldenLayerNorm -> LayerNorm
    """
    where = "goldenize"
    _require_module(module, where)
    chosen = norm_mode_of(mode, where)
    found: tuple[list[Conversion], list[Conversion]] = ([], [])
    if residuals:
        module = connections.to_golden(module, lambda *c: _note(found, *c), where)
    scaled: set[int] = set()

    def converted(name: str, old: nn.Module) -> nn.Module | str:
        if type(old) in _NORMS:
            return _golden_norm(old, chosen, preserve, scaled)
        if type(old) is nn.Softmax:
            return _golden_softmax(old, num_features)
        if isinstance(old, nn.MultiheadAttention):
            return "its softmax is a functional call"
        if isinstance(old, _ALIKE):
            return "a subclass may do anything"
        return ""

    module = _replaced(module, converted, found)
    _set_fast_ways(module, golden=True)
    return _Converted(module, ConversionReport(*map(tuple, found)))


def degoldenize(module: nn.Module) -> _Converted:
    """Replace the golden modules of a model by those of `torch.nn`: the inverse of `goldenize`.

    Parameters
    ----------
    module : torch.nn.Module
        The model, which is changed.

    Returns
    -------
    module : torch.nn.Module
        The model; a new one if it is itself golden.
    report : ConversionReport
        What was changed, and what was kept and why.

    Raises
    ------
    TypeError
        module is no `torch.nn.Module`.

    See Also
    --------
    goldenize : the inverse.

    Notes
    -----
    Weights that `preserve=True` divided by √t are multiplied again. Others keep their numbers, so
    that each output before its bias is divided by √t. A softmax is converted if its mode is
    "identity"; `PhiResidual` in a traced model becomes an addition.

    Examples
    --------
    >>> from torch import nn
    >>> type(degoldenize(goldenize(nn.LayerNorm(3)).module).module).__name__
    'LayerNorm'
    """
    _require_module(module, "degoldenize")
    found: tuple[list[Conversion], list[Conversion]] = ([], [])
    scaled: set[int] = set()

    def converted(name: str, old: nn.Module) -> nn.Module | str:
        if type(old) in _PLAIN_NORMS:
            return _plain_norm(old, scaled)
        if type(old) is SyntonicSoftmax:
            if old.mode != "identity":
                return f'mode "{old.mode}" is no plain softmax'
            new = _renewed(old, nn.Softmax)
            for name in ("mode", "num_features", "syntony_scale", "init"):
                del new.__dict__[name]
            del new._parameters["mode_norms"]
            return new
        return ""

    module = connections.to_plain(module, lambda *c: _note(found, *c))
    module = _replaced(module, converted, found)
    _set_fast_ways(module, golden=False)
    return _Converted(module, ConversionReport(*map(tuple, found)))


def _require_module(module: Any, where: str) -> None:
    if not isinstance(module, nn.Module):
        raise TypeError(f"{where}: module must be a torch.nn.Module, got {type(module).__name__}")


def _note(
    found: tuple[list[Conversion], list[Conversion]],
    name: str, before: str, after: str, reason: str = "",
) -> None:  # fmt: skip
    found[bool(reason)].append(Conversion(name, before, after, reason))


# -- modules ----------------------------------------------------------------------------------


def _replaced(
    module: nn.Module,
    converted: Callable[[str, nn.Module], nn.Module | str],
    found: tuple[list[Conversion], list[Conversion]],
) -> nn.Module:
    """Return a model with each part replaced by what `converted` gives, or kept for a reason."""
    made: dict[int, nn.Module] = {}
    for name, old in list(module.named_modules()):
        new = converted(name, old)
        before = type(old).__name__
        if isinstance(new, nn.Module):
            made[id(old)] = new
            _note(found, name, before, type(new).__name__)
        elif new:
            _note(found, name, before, before, new)
    for parent in list(module.modules()):
        for key, child in parent._modules.items():
            if id(child) in made:
                parent._modules[key] = made[id(child)]
    return made.get(id(module), module)


def _renewed(old: nn.Module, kind: type[nn.Module], **more: Any) -> Any:
    """Return a module of another class with all that the old one holds, and more."""
    new: Any = object.__new__(kind)
    new.__dict__.update(old.__dict__)
    new._parameters, new._buffers = dict(old._parameters), dict(old._buffers)
    new.__dict__.update(more)
    return new


def _golden_norm(
    old: Any, mode: GoldenNormMode | NormModeName, preserve: bool, scaled: set[int]
) -> nn.Module | str:
    if preserve and old.weight is None:
        return "it has no weight to divide by the root of the target"
    new: nn.Module = _renewed(old, _NORMS[type(old)], mode=mode, preserved=preserve)
    if preserve:
        _scale(old.weight, 1 / sqrt(target_of(mode, "goldenize")), scaled)
    return new


def _plain_norm(old: Any, scaled: set[int]) -> nn.Module:
    new: nn.Module = _renewed(old, _PLAIN_NORMS[type(old)])
    if new.__dict__.pop("preserved", False):
        _scale(old.weight, sqrt(target_of(old.mode, "degoldenize")), scaled)
    del new.__dict__["mode"]
    return new


def _scale(weight: torch.Tensor, factor: float, scaled: set[int]) -> None:
    """Multiply a weight once, however many modules share it."""
    if id(weight) not in scaled:
        scaled.add(id(weight))
        with torch.no_grad():
            weight.mul_(factor)


def _golden_softmax(old: nn.Softmax, num_features: int | None) -> nn.Module | str:
    if old.dim is None:
        return "its axis depends on the input"
    mode: SoftmaxModeName = "identity" if num_features is None else "learned"
    fresh = SyntonicSoftmax(old.dim, mode, num_features)
    state = {name: fresh.__dict__[name] for name in ("mode", "num_features", "syntony_scale")}
    new: nn.Module = _renewed(old, SyntonicSoftmax, init="ones", **state)
    new._parameters["mode_norms"] = fresh.mode_norms
    return new


# -- the fast way of encoder layers -----------------------------------------------------------


def _fast_layers(module: nn.Module) -> Iterator[Any]:
    return (each for each in module.modules() if isinstance(each, _FAST_LAYERS))


def _set_fast_ways(module: nn.Module, *, golden: bool) -> None:
    """Close the fast way of encoder layers whose norms are golden, and open it where none is."""
    for layer in _fast_layers(module):
        closed = "_golden_fast_way" in layer.__dict__
        if golden and not closed and isinstance(layer.norm1, GoldenLayerNorm):
            layer._golden_fast_way = layer.activation_relu_or_gelu
            layer.activation_relu_or_gelu = 0
        elif not golden and closed:
            layer.activation_relu_or_gelu = layer.__dict__.pop("_golden_fast_way")
