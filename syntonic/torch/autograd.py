"""Gradients: what autograd is told of each operation.

`run` chooses the way that an operation goes; a `Step` is the one with a gradient. Backward is a
loop, or an operator where something is traced; where the gradient is to be differentiated again, or
is taken under a transform of `torch.func`, it is PyTorch's arithmetic on the operation's formula.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.autograd import Function, forward_ad

from syntonic.constants import PHI_INV_FLOAT
from syntonic.torch.formulas import FORMULAS, factors
from syntonic.torch.loops import LOOPS, VALUES
from syntonic.torch.ops import LIBRARY, OPERATORS, RULES, call, plain, untraced

__all__ = ["run", "run_for_values"]

_transforms_active: Callable[[], bool] = getattr(
    torch._C, "_are_functorch_transforms_active", lambda: True
)


_compiling = torch.compiler.is_compiling


class Step(Function):
    """An operation with its gradient."""

    name: ClassVar[str]
    """The operator's."""

    @classmethod
    def again(cls, ctx: Any, grad: Tensor, *inputs: Any) -> tuple[Any, ...]:
        """Return the gradients by PyTorch's arithmetic: they can be differentiated again."""
        create, needed = torch.is_grad_enabled(), ctx.needs_input_grad
        with torch.enable_grad():
            out = FORMULAS[cls.name](*inputs)
            out = out[0] if isinstance(out, tuple) else out
            wanted = [x for x, need in zip(inputs, needed, strict=True) if need]
            found = iter(torch.autograd.grad(out, wanted, grad, create_graph=create))
        return tuple(next(found) if need else None for need in needed)


def _differentiable(grad: Tensor) -> bool:
    """Tell whether a gradient must itself be PyTorch's arithmetic: to go on, or for a batch."""
    return torch.is_grad_enabled() or _transforms_active() or not torch._C._has_storage(grad)


def _as(gradient: Tensor, x: Tensor | None) -> Tensor | None:
    """Return a parameter's gradient in its dtype; None without the parameter."""
    if x is None:
        return None
    return gradient if gradient.dtype is x.dtype else gradient.to(x.dtype)


# -- residual connections ---------------------------------------------------------------------


class Residual(Step):
    name = "residual"

    @staticmethod
    def forward(ctx: Any, identity: Tensor, residual: Tensor, mode: str) -> Tensor:
        ctx.factors = factors(mode, identity.dtype)
        return call("residual", identity, residual, mode)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Any, ...]:
        inner, outer = ctx.factors
        first = grad if outer == 1 else grad * outer
        return first, first if inner == 1 else grad * (inner * outer), None


class ResidualRelu(Step):
    name = "residual_relu"

    @staticmethod
    def forward(ctx: Any, identity: Tensor, residual: Tensor, mode: str) -> Tensor:
        out = call("residual_relu", identity, residual, mode)
        ctx.mode = mode
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Any, ...]:
        (out,) = ctx.saved_tensors
        if _differentiable(grad):
            inner, outer = factors(ctx.mode, out.dtype)
            passed = torch.where(out <= 0, 0, grad) * outer
            return passed, passed * inner, None
        return *call("residual_relu_backward", grad, out, ctx.mode), None


class ResidualGelu(Step):
    name = "residual_gelu"

    @staticmethod
    def forward(ctx: Any, identity: Tensor, residual: Tensor, mode: str) -> Tensor:
        ctx.mode = mode
        ctx.save_for_backward(identity, residual)
        return call("residual_gelu", identity, residual, mode)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Any, ...]:
        saved = ctx.saved_tensors
        if _differentiable(grad):
            return ResidualGelu.again(ctx, grad, *saved, ctx.mode)
        return *call("residual_gelu_backward", grad, *saved, ctx.mode), None


class ResidualLayerNorm(Step):
    name = "residual_layer_norm"

    @staticmethod
    def forward(
        ctx: Any, identity: Tensor, residual: Tensor, gamma: Any, beta: Any, eps: float, mode: str
    ) -> tuple[Tensor, Tensor]:
        out, statistics = call("residual_layer_norm", identity, residual, gamma, beta, eps, mode)
        _keep(ctx, statistics, identity, residual, gamma, beta)
        ctx.eps, ctx.mode = eps, mode
        return out, statistics

    @staticmethod
    def backward(ctx: Any, grad: Tensor, _: Any) -> tuple[Any, ...]:
        statistics, *inputs = ctx.saved_tensors
        if grad is None or _differentiable(grad):
            return _again(ResidualLayerNorm, ctx, grad, *inputs, ctx.eps, ctx.mode)
        identity, residual, gamma, beta = inputs
        given = grad, identity, residual, gamma, statistics, ctx.mode
        first, second, dgamma, dbeta = call("residual_layer_norm_backward", *given)
        return first, second, _as(dgamma, gamma), _as(dbeta, beta), None, None


def _keep(ctx: Any, statistics: Tensor, *inputs: Any) -> None:
    """Save what backward needs of a normalization; its statistics have no gradient."""
    ctx.save_for_backward(statistics, *inputs)
    ctx.mark_non_differentiable(statistics)
    ctx.set_materialize_grads(False)


def _again(step: type[Step], ctx: Any, grad: Tensor | None, *inputs: Any) -> tuple[Any, ...]:
    if grad is None:  # nothing depends on the output
        return (None,) * len(inputs)
    return step.again(ctx, grad, *inputs)


# -- normalizations ---------------------------------------------------------------------------


class LayerNorm(Step):
    name = "layer_norm"

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, gamma: Any, beta: Any, target: float, eps: float
    ) -> tuple[Tensor, Tensor]:
        out, statistics = call("layer_norm", x, gamma, beta, target, eps)
        _keep(ctx, statistics, x, gamma, beta)
        ctx.target, ctx.eps = target, eps
        return out, statistics

    @staticmethod
    def backward(ctx: Any, grad: Tensor, _: Any) -> tuple[Any, ...]:
        statistics, x, gamma, beta = ctx.saved_tensors
        if grad is None or _differentiable(grad):
            return _again(LayerNorm, ctx, grad, x, gamma, beta, ctx.target, ctx.eps)
        given = grad, x, gamma, statistics, ctx.target
        dx, dgamma, dbeta = call("layer_norm_backward", *given)
        return dx, _as(dgamma, gamma), _as(dbeta, beta), None, None


class BatchNorm(Step):
    name = "batch_norm"

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, gamma: Any, beta: Any, target: float, eps: float
    ) -> tuple[Tensor, Tensor]:
        out, statistics = call("batch_norm", x, gamma, beta, target, eps)
        _keep(ctx, statistics, x, gamma, beta)
        ctx.target, ctx.eps = target, eps
        return out, statistics

    @staticmethod
    def backward(ctx: Any, grad: Tensor, _: Any) -> tuple[Any, ...]:
        statistics, x, gamma, beta = ctx.saved_tensors
        if grad is None or _differentiable(grad):
            return _again(BatchNorm, ctx, grad, x, gamma, beta, ctx.target, ctx.eps)
        given = grad, x, gamma, statistics, ctx.target, ctx.eps, True
        dx, dgamma, dbeta = call("batch_norm_backward", *given)
        return dx, _as(dgamma, gamma), _as(dbeta, beta), None, None


class BatchNormApply(Step):
    name = "batch_norm_apply"

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, statistics: Tensor, gamma: Any, beta: Any, target: float, eps: float
    ) -> Tensor:
        ctx.save_for_backward(x, statistics, gamma, beta)
        ctx.target, ctx.eps = target, eps
        return call("batch_norm_apply", x, statistics, gamma, beta, target, eps)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Any, ...]:
        x, statistics, gamma, beta = ctx.saved_tensors
        if _differentiable(grad):
            options = ctx.target, ctx.eps
            return BatchNormApply.again(ctx, grad, x, statistics, gamma, beta, *options)
        given = grad, x, gamma, statistics, ctx.target, ctx.eps, False
        dx, dgamma, dbeta = call("batch_norm_backward", *given)
        return dx, None, _as(dgamma, gamma), _as(dbeta, beta), None, None


# -- softmax ----------------------------------------------------------------------------------


def _softmax_gradient(grad: Tensor, out: Tensor, dim: int) -> Tensor:
    """Return out·(grad - Σ out·grad) in float64."""
    g, p = grad.double(), out.double()
    return p * (g - (p * g).sum(dim, keepdim=True))


def _by_class(gradient: Tensor, dim: int) -> Tensor:
    return gradient.sum([axis for axis in range(gradient.ndim) if axis != dim])


class Softmax(Step):
    name = "softmax"

    @staticmethod
    def forward(ctx: Any, x: Tensor, dim: int) -> Tensor:
        out = call("softmax", x, dim)
        ctx.dim = dim
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Any, ...]:
        (out,) = ctx.saved_tensors
        if _differentiable(grad):
            return _softmax_gradient(grad, out, ctx.dim).to(out.dtype), None
        return call("softmax_backward", grad, out, ctx.dim), None


class SoftmaxLearned(Step):
    name = "softmax_learned"

    @staticmethod
    def forward(ctx: Any, x: Tensor, norms: Tensor, dim: int, scale: float) -> Tensor:
        out = call("softmax_learned", x, norms, dim, scale)
        ctx.dim, ctx.scale, ctx.dtype = dim, scale, norms.dtype
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Any, ...]:
        (out,) = ctx.saved_tensors
        if not ctx.needs_input_grad[1] and not _differentiable(grad):
            return call("softmax_backward", grad, out, ctx.dim), None, None, None
        if _differentiable(grad):
            dx = _softmax_gradient(grad, out, ctx.dim)
            dnorms = _by_class(dx, ctx.dim) * (-ctx.scale * PHI_INV_FLOAT)
        else:
            dx, dnorms = call("softmax_learned_backward", grad, out, ctx.dim, ctx.scale)
        return dx.to(out.dtype), dnorms.to(ctx.dtype), None, None


class SoftmaxProvided(Step):
    name = "softmax_provided"

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weights: Tensor, dim: int, scale: float, floor: float
    ) -> Tensor:
        out = call("softmax_provided", x, weights, dim, scale, floor)
        ctx.options = dim, scale, floor
        ctx.save_for_backward(out, weights)
        return out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Any, ...]:
        (out, weights), (dim, scale, floor) = ctx.saved_tensors, ctx.options
        if _differentiable(grad):
            dx = _softmax_gradient(grad, out, dim)
            by_class = dx if weights.ndim > 1 else _by_class(dx, dim)
            counted = weights > floor
            w = torch.where(counted, weights, 1).double()
            dweights = torch.where(counted, scale * by_class / w, 0)
        elif not ctx.needs_input_grad[1]:
            return call("softmax_backward", grad, out, dim), None, None, None, None
        else:
            dx, dweights = call("softmax_provided_backward", grad, out, weights, *ctx.options)
        return dx.to(out.dtype), dweights.to(weights.dtype), None, None, None


# -- operators --------------------------------------------------------------------------------


class _Last(Function):
    """A gradient's operator, which is not differentiated again."""

    @staticmethod
    def forward(ctx: Any, name: str, *arguments: Any) -> Any:
        return call(name, *arguments)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        raise RuntimeError(
            "syntonic.torch: a gradient under torch.compile is not differentiated again; call the "
            "functions of syntonic.torch without it"
        )


STEPS = {step.name: step for step in Step.__subclasses__()}
_TENSORS = {
    name: sum("Tensor" in str(argument.type) for argument in OPERATORS[name]._schema.arguments)
    for name in STEPS
}
"""How many arguments are tensors, which come first."""
_APPLY = {name: super(Function, step).apply for name, step in STEPS.items()}  # type: ignore[misc]
"""`Function.apply` less its care of transforms, under which `run` takes another way."""


def run(name: str, *arguments: Any, loops: dict[str, Callable[..., Any]] = LOOPS) -> Any:
    """Compute, and let autograd know.

    Under a transform, where tensors carry what a loop would lose (tangents, a batch, a level), that
    is the formula, while something is traced the operator. Else it is the loop, behind a `Function`
    if a gradient may be wanted: that costs as much again.
    """
    if _transforms_active() or forward_ad._current_level >= 0:
        return FORMULAS[name](*arguments)
    if _compiling() or not plain(arguments):
        return OPERATORS[name](*arguments)
    if torch.is_grad_enabled():
        for x in arguments[: _TENSORS[name]]:
            if x is not None and x.requires_grad:
                return _APPLY[name](*arguments)
    return loops[name](*arguments)


def run_for_values(name: str, *arguments: Any) -> Any:
    """Compute likewise what has statistics, and leave them out where no gradient needs them."""
    return run(name, *arguments, loops=VALUES)[0]


def _kernel(name: str, function: type[Function], *first: str) -> Callable[..., Any]:
    """Return what an operator does with tensors that may require a gradient."""
    check, _ = RULES[name]

    @untraced
    def operator(*arguments: Any) -> Any:
        check(*arguments)
        if plain(arguments) and not torch.is_grad_enabled():
            return LOOPS[name](*arguments)
        return function.apply(*first, *arguments)

    return operator


for _name in OPERATORS:
    _function = (STEPS[_name],) if _name in STEPS else (_Last, _name)
    LIBRARY.impl(_name, _kernel(_name, *_function), "Autograd")
