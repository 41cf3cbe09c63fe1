"""Residual additions of a traced model made golden, and back: x + f(x) and `PhiResidual`."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch
from torch import fx, nn

from syntonic.torch.modules import PhiResidual

__all__ = ["to_golden", "to_plain"]

_ADDITIONS = (operator.add, operator.iadd, torch.add)
_METHODS = ("add", "add_")
_OPAQUE = (nn.TransformerEncoderLayer, nn.TransformerDecoderLayer)
_SAME_MEMORY = (nn.Flatten, nn.Unflatten, nn.Identity, nn.modules.dropout._DropoutNd)
Note = Callable[..., None]


class _Proxy(fx.Proxy):
    """A traced value that tells += from +, which fx's own does not."""

    def __iadd__(self, other: Any) -> fx.Proxy:
        return self.tracer.create_proxy("call_function", operator.iadd, (self, other), {})


class _Tracer(fx.Tracer):
    def proxy(self, node: fx.Node) -> fx.Proxy:
        return _Proxy(node, self)


def to_golden(module: nn.Module, note: Note, where: str) -> nn.Module:
    """Return the model traced, each sum of a value and a descendant of it a `PhiResidual`.

    Raises
    ------
    ValueError
        torch.fx cannot trace the model, which is as it was.
    """
    try:
        graph = _Tracer().trace(module)
    except Exception as error:  # whatever the model's own code makes of a symbol
        raise ValueError(
            f"{where}: residuals=True needs a model that torch.fx can trace, and it cannot "
            f"({type(error).__name__}: {error}); pass residuals=False and use PhiResidual by hand"
        ) from error
    traced = fx.GraphModule(module, graph, type(module).__name__)
    traced.training = module.training
    _keep_what_is_not_called(module, traced)
    for name, each in traced.named_modules():
        if isinstance(each, _OPAQUE):
            kind = type(each).__name__
            note(name, kind, kind, "its residual additions are inside, where nothing traces")
    for node in list(traced.graph.nodes):
        if _is_addition(node):
            _convert(traced, node, note)
    traced.graph.lint()
    traced.recompile()
    return traced


def _keep_what_is_not_called(module: nn.Module, traced: fx.GraphModule) -> None:
    """Keep hooks, and parts that the trace did not meet: a state dict has them."""
    for name, value in module.__dict__.items():
        if name.endswith("_hooks"):
            traced.__dict__[name] = value
    for kind in ("_modules", "_parameters", "_buffers"):
        ours = getattr(traced, kind)
        for name, value in getattr(module, kind).items():
            ours[name] = value
    traced._non_persistent_buffers_set = set(module._non_persistent_buffers_set)


def _is_addition(node: fx.Node) -> bool:
    called = node.op == "call_function" and node.target in _ADDITIONS
    method = node.op == "call_method" and node.target in _METHODS
    return (called or method) and len(node.all_input_nodes) == 2 == len(node.args)


def _convert(traced: fx.GraphModule, node: fx.Node, note: Note) -> None:
    kind = str(getattr(node.target, "__name__", node.target))
    pair = _identity_first(*node.all_input_nodes)
    reason = ""
    if node.kwargs:
        reason = "it has more arguments than two"
    elif pair is None:
        reason = "neither operand comes from the other"
    elif _seen_later(traced, node):
        reason = "what it changes in place is used again"
    if reason or pair is None:
        note(node.name, kind, kind, reason)
        return
    name = f"phi_{node.name}"
    traced.add_module(name, PhiResidual().train(traced.training))
    with traced.graph.inserting_after(node):
        new = traced.graph.call_module(name, pair)
    node.replace_all_uses_with(new)
    traced.graph.erase_node(node)
    note(name, kind, "PhiResidual")


def _identity_first(x: fx.Node, y: fx.Node) -> tuple[fx.Node, fx.Node] | None:
    """Return the value and its descendant, or None if neither is."""
    if _comes_from(y, x):
        return x, y
    return (y, x) if _comes_from(x, y) else None


def _comes_from(node: fx.Node, origin: fx.Node) -> bool:
    seen, ahead = {node}, [node]
    while ahead:
        for before in ahead.pop().all_input_nodes:
            if before is origin:
                return True
            if before not in seen:
                seen.add(before)
                ahead.append(before)
    return False


def _seen_later(traced: fx.GraphModule, node: fx.Node) -> bool:
    """Tell whether an addition in place shows later, in its first operand or what that may view."""
    if node.target not in (operator.iadd, "add_"):
        return False
    order = {each: i for i, each in enumerate(node.graph.nodes)}
    first: Any = node.args[0]
    while isinstance(first, fx.Node):
        if any(order[user] > order[node] for user in first.users):
            return True
        first = first.args[0] if _may_be_a_view(traced, first) and first.args else None
    return False


def _may_be_a_view(traced: fx.GraphModule, node: fx.Node) -> bool:
    if node.op == "call_module":
        return isinstance(traced.get_submodule(str(node.target)), _SAME_MEMORY)
    return node.op in ("call_method", "call_function")


def to_plain(module: nn.Module, note: Note) -> nn.Module:
    """Return the model with each `PhiResidual` of a traced graph an addition again."""
    for name, each in list(module.named_modules()):
        if isinstance(each, fx.GraphModule):
            for node in list(each.graph.nodes):
                _revert(each, node, f"{name}." if name else "", note)
            each.graph.lint()
            each.recompile()
    for name, each in module.named_modules():
        if isinstance(each, PhiResidual):
            note(name, "PhiResidual", "PhiResidual", "it stands in no traced graph")
    return module


def _revert(graph: fx.GraphModule, node: fx.Node, prefix: str, note: Note) -> None:
    if node.op != "call_module":
        return
    name = str(node.target)
    module = graph.get_submodule(name)
    if not isinstance(module, PhiResidual) or module.activation is not None:
        return
    with graph.graph.inserting_after(node):
        new = graph.graph.call_function(operator.add, node.args, node.kwargs)
    node.replace_all_uses_with(new)
    graph.graph.erase_node(node)
    graph.delete_submodule(name)
    note(f"{prefix}{name}", "PhiResidual", "add")
