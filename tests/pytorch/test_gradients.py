"""Gradients by central differences: by every input, again, forward, in batches, by torch.func.

What no rule covers is refused aloud: a zero in place of a gradient would be believed.
"""

from __future__ import annotations

import pytest
import torch
from torch.autograd import forward_ad, gradcheck, gradgradcheck

import syntonic.torch as st
from pytorch.cases import CASES, Case, close, draw, every_case, every_dtype, exact, gradients


@every_case
def test_backward_forward_and_batches(case):
    inputs = case.on("cpu", torch.float64)
    assert gradcheck(
        case.call, inputs, check_forward_ad=True, check_batched_grad=True,
        check_batched_forward_grad=True,
    )  # fmt: skip


@every_case
def test_gradients_of_gradients(case):
    assert gradgradcheck(case.call, case.on("cpu", torch.float64))


@every_case
def test_one_input_at_a_time(case):
    """An input without a gradient takes none from the others."""
    inputs = case.on("cpu", torch.float64)
    together = gradients(case.call(*inputs), inputs)
    for i, x in enumerate(inputs):
        others = [y if j == i else y.detach() for j, y in enumerate(inputs)]
        (alone,) = gradients(case.call(*others), (x,))
        torch.testing.assert_close(alone, together[i], rtol=1e-14, atol=1e-14)


@every_case
def test_the_transforms_of_torch_func(case):
    """The Jacobian by reverse and by forward mode is the oracle's, and vmap is a loop."""
    inputs = tuple(x.detach() for x in case.inputs)
    every = tuple(range(len(inputs)))
    wanted = torch.func.jacrev(case.oracle, every)(*inputs)
    for jacobian in (torch.func.jacrev, torch.func.jacfwd):
        for got, oracle in zip(jacobian(case.call, every)(*inputs), wanted, strict=True):
            torch.testing.assert_close(got, oracle, rtol=1e-9, atol=1e-11)
    batch = tuple(torch.stack([x, 2 * x.abs() + 0.1, x.flip(0).abs()]) for x in inputs)
    alone = torch.stack([case.call(*(x[i] for x in batch)) for i in range(3)])
    vectorised = torch.func.vmap(case.call)(*batch)
    torch.testing.assert_close(vectorised, alone, rtol=1e-13, atol=1e-13)


@every_dtype
def test_a_transform_gives_what_a_loop_gives(dtype):
    """The formula computes in float64, whatever the dtype."""
    x = draw(3, 6, dtype=dtype) + 40
    loops, formula = st.golden_layer_norm(x), torch.func.vmap(st.golden_layer_norm)(x)
    assert formula.dtype is dtype
    close(formula, loops.double(), dtype)


def test_hessians():
    x = draw(6)

    def loss(f):
        return lambda v: (f(v.reshape(2, 3)) ** 3).sum()

    for case in (CASES["layer norm"], CASES["softmax"], CASES["batch norm"]):
        wanted = torch.func.hessian(loss(case.oracle))(x)
        got = torch.func.hessian(loss(case.call))(x)
        torch.testing.assert_close(got, wanted, rtol=1e-9, atol=1e-11)


def test_a_tangent_is_not_dropped():
    """A dual tensor requires no gradient, and has one all the same."""
    x, tangent = draw(2, 4), draw(2, 4, seed=1)
    with forward_ad.dual_level():
        out = st.golden_layer_norm(forward_ad.make_dual(x, tangent))
        found = forward_ad.unpack_dual(out).tangent
    assert found is not None
    _, wanted = torch.func.jvp(CASES["layer norm"].oracle, (x,), (tangent,))
    torch.testing.assert_close(found, wanted)


@every_case
def test_a_penalty_on_the_gradient(case):
    """Its own gradient, through a backward that has run."""
    inputs = case.on("cpu", torch.float64)

    def penalty(call, leaves):
        out = call(*leaves)
        first = torch.autograd.grad((out**2).sum(), leaves, create_graph=True)
        return sum((g**2).sum() for g in first)

    got = torch.autograd.grad(penalty(case.call, inputs), inputs)
    leaves = tuple(x.detach().clone().requires_grad_() for x in inputs)
    wanted = torch.autograd.grad(penalty(case.oracle, leaves), leaves)
    torch.testing.assert_close(got, wanted, rtol=1e-9, atol=1e-11)


def test_a_bare_operator_under_forward_mode_is_refused():
    x = draw(2, 4)
    with pytest.raises((RuntimeError, NotImplementedError)):
        torch.func.jvp(lambda v: torch.ops.syntonic.softmax(v, 1), (x,), (x,))
    with forward_ad.dual_level(), pytest.raises((RuntimeError, NotImplementedError)):
        torch.ops.syntonic.softmax(forward_ad.make_dual(x, x), 1)


def test_a_bare_operator_has_its_gradient():
    x = draw(2, 4).requires_grad_()
    out = torch.ops.syntonic.softmax(x, 1)
    assert torch.equal(*(gradients(f, (x,))[0] for f in (out, st.syntonic_softmax(x))))


def test_a_bare_gradient_is_not_differentiated_again():
    x = draw(2, 4).requires_grad_()
    out = torch.ops.syntonic.softmax_backward(x, x.softmax(1), 1)
    with pytest.raises(RuntimeError, match="not differentiated again"):
        out.sum().backward()


@pytest.mark.parametrize("name", ["softmax", "layer norm", "residual relu phi"])
def test_a_change_in_place_of_what_was_kept_is_seen(name):
    case = CASES[name]
    inputs = case.on("cpu", torch.float64)
    halves = tuple(x * 1 for x in inputs)
    out = case.call(*halves)
    (halves[0] if name == "layer norm" else out).mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        out.sum().backward()


def test_the_floor_replaces_a_weight_and_its_gradient():
    w = torch.tensor([0.0, 0.2, 0.5], dtype=torch.float64, requires_grad=True)
    x = draw(3)
    out = st.syntonic_softmax(x, syntony=w, syntony_floor=0.2)
    (dw,) = gradients(out, (w,))
    assert dw[:2].tolist() == [0, 0]
    assert float(dw[2]) != 0


def test_checkpoints_and_hooks_on_what_is_kept():
    x = draw(3, 5).requires_grad_()
    (wanted,) = gradients(st.golden_layer_norm(x), (x,))
    again = torch.utils.checkpoint.checkpoint(st.golden_layer_norm, x, use_reentrant=False)
    assert torch.equal(gradients(again, (x,))[0], wanted)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t.numpy(force=True), torch.tensor):
        out = st.golden_layer_norm(x)
    assert torch.equal(gradients(out, (x,))[0], wanted)


@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_hard_rows(offset):
    """A mean far from the deviations, in float32: gradients are those of the very numbers."""
    case = Case(st.golden_layer_norm, (draw(4, 64) + offset,), CASES["layer norm"].oracle)
    inputs = case.on("cpu", torch.float32)
    _, (wanted,) = exact(case, inputs)
    (got,) = gradients(case.call(*inputs), inputs)
    close(got, wanted, torch.float32, times=16)
