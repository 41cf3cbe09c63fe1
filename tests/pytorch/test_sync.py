"""Golden batch norm over processes: what one process with all the batches gives, bit by bit on
every rank, with uneven and empty batches; and who is missing is told.

The processes are real and talk by gloo. `WHOLE` is run by each of them in pieces, and here at once.
"""

from __future__ import annotations

from functools import partial
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import pytest
import torch
import torch.distributed as dist
from normalization import ExactRow
from torch import nn
from torch.nn.parallel import DistributedDataParallel

import syntonic.torch as st
from pytorch.cases import INV, draw
from pytorch.processes import impatient, run_in
from syntonic import ShapeError

CASES: dict[str, tuple[dict[str, Any], tuple[int, ...], float, Any]] = {
    "ordinary": ({}, (), 0.0, torch.float64),
    "float32": ({}, (5,), 3.0, torch.float32),
    "bfloat16": ({}, (4, 3), 0.5, torch.bfloat16),
    "channels last": ({}, (4, 3), 0.5, torch.float32),
    "far from 0": ({}, (), 1e8, torch.float64),
    "standard": ({"mode": "standard", "momentum": None}, (2, 3), 1.0, torch.float64),
    "plain": ({"affine": False, "track_running_stats": False}, (2,), 1.0, torch.float64),
    "no bias": ({"bias": False, "eps": 0.1}, (2,), 1.0, torch.float64),
}
"""By name: settings, axes after the channels, the mean, the dtype."""

C = 4


def whole(name: str, sizes: tuple[int, ...]) -> tuple[Any, Any]:
    """Return the input and the output's gradient of all processes together."""
    _, axes, mean, dtype = CASES[name]
    shape = sum(sizes), C, *axes
    x, grad = draw(*shape) + mean, draw(*shape, seed=1)
    if name == "channels last":
        x = x.to(memory_format=torch.channels_last)
    return x.to(dtype), grad.to(dtype)


def part(x: Any, sizes: tuple[int, ...], rank: int) -> Any:
    ends = (0, *accumulate(sizes))
    return x[slice(*list(pairwise(ends))[rank])]


def layer(kind: Any, name: str) -> Any:
    settings, *_, dtype = CASES[name]
    module = kind(C, dtype=dtype if dtype is torch.float64 else torch.float32, **settings)
    for seed, p in enumerate(module.parameters()):
        p.data = draw(C, seed=5 + seed).to(p.dtype)
    return module


def results(module: Any, x: Any, grad: Any) -> dict[str, Any]:
    """Return what comes out of two steps: of the first output and gradients, and the state."""
    x = x.detach().clone(memory_format=torch.preserve_format).requires_grad_()
    out = module(x)
    out.backward(grad)
    module(x.detach() * 2)
    slopes = {name: p.grad for name, p in module.named_parameters()}
    state = {name: v for name, v in module.state_dict().items() if name not in slopes}
    return {
        "out": out.detach(),
        "x": x.grad,
        "slopes": slopes,
        "state": state,
        "evaluated": module.eval()(x).detach() if state else None,
        "strides": out.stride(),
    }


def job(name: str, sizes: tuple[int, ...], rank: int, world: int) -> Any:
    both = (part(v, sizes, rank) for v in whole(name, sizes))
    return results(layer(st.SyncGoldenBatchNorm, name), *both)


def alone(name: str, sizes: tuple[int, ...]) -> Any:
    axes = CASES[name][1]
    kind = {0: st.GoldenBatchNorm1d, 1: st.GoldenBatchNorm1d, 2: st.GoldenBatchNorm2d}[len(axes)]
    return results(layer(kind, name), *whole(name, sizes))


def model() -> Any:
    torch.manual_seed(3)
    return nn.Sequential(
        nn.Linear(3, C), st.GoldenBatchNorm1d(C), nn.ReLU(), nn.Linear(C, 1)
    ).double()  # fmt: skip


def train(module: Any, x: Any, y: Any, scale: float) -> Any:
    """Return the parameters and buffers after five steps."""
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    for _ in range(5):
        optimizer.zero_grad()
        (((module(x) - y) ** 2).sum() * scale).backward()
        optimizer.step()
    return {k.removeprefix("module."): v for k, v in module.state_dict().items()}


def data(sizes: tuple[int, ...]) -> tuple[Any, Any]:
    return draw(sum(sizes), 3), draw(sum(sizes), 1, seed=1)


def distributed(sizes: tuple[int, ...], rank: int, world: int) -> Any:
    """Train in all processes; their gradients are averaged, so that each counts `world` times."""
    module = DistributedDataParallel(st.SyncGoldenBatchNorm.convert(model()))
    x, y = (part(v, sizes, rank) for v in data(sizes))
    return train(module, x, y, world / sum(sizes))


def nothing(rank: int, world: int) -> Any:
    return st.SyncGoldenBatchNorm(C)(torch.zeros(0, C))


def one_value(rank: int, world: int) -> Any:
    return st.SyncGoldenBatchNorm(C)(torch.zeros(int(rank == 1), C, requires_grad=True))


def two_values(rank: int, world: int) -> Any:
    module = st.SyncGoldenBatchNorm(1, eps=0, mode="standard")
    return module(torch.full((1, 1), float(rank))).detach()


def frozen(rank: int, world: int) -> Any:
    """Nobody asks for the gradient by x: nothing is exchanged for it."""
    module = st.SyncGoldenBatchNorm(C).double()
    module(draw(rank + 1, C)).sum().backward()
    return module.bias.grad


def twice(rank: int, world: int) -> Any:
    x = draw(rank + 1, C).requires_grad_()
    out = st.SyncGoldenBatchNorm(C).double()(x)
    return torch.autograd.grad((out**2).sum(), x, create_graph=True)


def forward_mode(rank: int, world: int) -> Any:
    x = draw(rank + 1, C)
    return torch.func.jvp(st.SyncGoldenBatchNorm(C).double(), (x,), (x,))


def dual(rank: int, world: int) -> Any:
    with torch.autograd.forward_ad.dual_level():
        x = torch.autograd.forward_ad.make_dual(draw(rank + 1, C), draw(rank + 1, C))
        return st.SyncGoldenBatchNorm(C, affine=False).double()(x)


def compiled(rank: int, world: int) -> Any:
    module = nn.Sequential(nn.Linear(3, C), st.SyncGoldenBatchNorm(C)).double()
    x = draw(rank + 1, 3)
    out = torch.compile(module, backend="eager")(x)
    return torch.equal(out, module(x))


def some(rank: int, world: int) -> Any:
    """A group of two; to the others it is a batch norm of their own."""
    group = dist.new_group([0, 2])
    out = st.SyncGoldenBatchNorm(C, process_group=group).double()(draw(3, C, seed=rank))
    return out.detach()


def silent(rank: int, world: int) -> Any:
    """One process does not come; the others wait as long as the group lets them."""
    group = impatient(world)
    if rank == 1:
        return None
    return st.SyncGoldenBatchNorm(C, process_group=group)(torch.ones(2, C))


UNEVEN = 7, 12
FEW = (0, 6), (6, 0), (1, 2)
"""How many rows each of two processes has."""

JOBS = {
    **{name: partial(job, name, UNEVEN) for name in CASES},
    **{str(sizes): partial(job, "ordinary", sizes) for sizes in FEW},
    "distributed": partial(distributed, UNEVEN),
    **{f.__name__: f for f in (nothing, one_value, two_values, frozen, twice, dual, silent)},
}
LONG_JOBS = {
    **{f.__name__: f for f in (nothing, one_value, forward_mode, compiled, some, silent)},
    **{name: partial(job, name, (7, 0, 12)) for name in CASES},
}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What two processes returned for each job."""
    return run_in(2, JOBS, tmp_path_factory.mktemp("two"))


@pytest.fixture(scope="module")
def found_by_three(tmp_path_factory):
    return run_in(3, LONG_JOBS, tmp_path_factory.mktemp("three"))


def ranks(answers: list[Any]) -> list[Any]:
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
    return answers


def assert_near(got: Any, wanted: Any, ulps: float = 4) -> None:
    """Within so many units in the last place of the largest element."""
    assert got.shape == wanted.shape
    assert got.dtype is wanted.dtype
    place = torch.finfo(got.dtype).eps * float(wanted.abs().max())
    assert float((got.double() - wanted.double()).abs().max()) <= ulps * place


def assert_together(answers: list[Any], wanted: Any) -> None:
    """Hold the pieces of all processes to what one process has, and states to each other."""
    for name, ulps in (("out", 4), ("evaluated", 4), ("x", 16)):  # in a gradient terms cancel
        if wanted[name] is not None:
            assert_near(torch.cat([answer[name] for answer in answers]), wanted[name], ulps)
    for name, slope in wanted["slopes"].items():
        assert_near(sum(answer["slopes"][name] for answer in answers), slope, 8)
    for answer in answers:
        assert list(answer["state"]) == list(wanted["state"])
        for name, value in wanted["state"].items():
            assert torch.equal(answer["state"][name], answers[0]["state"][name])
            if value.dtype.is_floating_point:
                assert_near(answer["state"][name], value)
            else:
                assert torch.equal(answer["state"][name], value)


@pytest.mark.parametrize("name", CASES)
def test_processes_are_one(found, name):
    wanted, answers = alone(name, UNEVEN), ranks(found[name])
    assert_together(answers, wanted)
    assert answers[0]["strides"] == wanted["strides"], "the memory format stays"


@pytest.mark.parametrize("sizes", FEW, ids=str)
def test_batches_may_be_empty(found, sizes):
    assert_together(ranks(found[str(sizes)]), alone("ordinary", sizes))


@pytest.mark.parametrize("name", ["ordinary", "far from 0"])
def test_outputs_are_those_of_exact_statistics(found, name):
    x, _ = whole(name, UNEVEN)
    out = torch.cat([answer["out"] for answer in ranks(found[name])]).numpy()
    weight, bias = (p.tolist() for p in layer(st.GoldenBatchNorm1d, name).parameters())
    for c, (gamma, beta) in enumerate(zip(weight, bias, strict=True)):
        exact = ExactRow(x[:, c].numpy(), 1e-5).normalized() * np.sqrt(np.longdouble(INV))
        error = np.abs(out[:, c] - (exact * gamma + beta))
        assert np.all(error <= 2.0**-52 * 8 * (abs(gamma) * (np.abs(exact) + 1) + abs(beta)))


def test_training_under_distributed_data_parallel(found):
    wanted = train(model(), *data(UNEVEN), 1 / sum(UNEVEN))
    for answer in ranks(found["distributed"]):
        assert list(answer) == list(wanted)
        for name, value in wanted.items():
            torch.testing.assert_close(answer[name], value, rtol=1e-12, atol=1e-13)


def assert_too_few(found, world):
    for name, count in (("nothing", 0), ("one_value", 1)):
        for answer in found[name]:
            assert isinstance(answer, ValueError)
            wanted = f"two values in training, got {count} in the batches of {world} processes"
            assert wanted in str(answer)


def test_too_few_values_are_refused_on_every_rank(found):
    assert_too_few(found, 2)
    first, last = ranks(found["two_values"])
    assert (first.tolist(), last.tolist()) == ([[-1.0]], [[1.0]])


def test_a_frozen_input_needs_no_gradient(found):
    assert [answer.tolist() for answer in ranks(found["frozen"])] == [[n] * C for n in (1, 2)]


def test_second_gradients_and_tangents_are_refused(found):
    assert all("not differentiated again" in str(answer) for answer in found["twice"])
    assert all(isinstance(answer, RuntimeError) for answer in found["dual"])


def assert_silence_is_told(answers):
    for rank, answer in enumerate(answers):
        if rank != 1:
            assert isinstance(answer, RuntimeError)
            assert f"all {len(answers)} processes of the group must take part" in str(answer)
            assert "timeout" in str(answer)


def test_a_silent_process_is_an_error_and_no_hang(found):
    assert_silence_is_told(found["silent"])


# -- more processes ---------------------------------------------------------------------------


@pytest.mark.campaign
def test_three_processes(found_by_three):
    for name in CASES:
        assert_together(ranks(found_by_three[name]), alone(name, (7, 0, 12)))
    assert_too_few(found_by_three, 3)
    assert_silence_is_told(found_by_three["silent"])
    assert all(isinstance(answer, RuntimeError) for answer in found_by_three["forward_mode"])
    assert ranks(found_by_three["compiled"]) == [True] * 3


@pytest.mark.campaign
def test_a_group_of_some(found_by_three):
    pieces = [draw(3, C, seed=rank) for rank in range(3)]
    first, own, last = ranks(found_by_three["some"])
    module = st.GoldenBatchNorm1d(C).double()
    assert torch.equal(own, module(pieces[1]).detach())
    together = module(torch.cat([pieces[0], pieces[2]])).detach()
    assert_near(torch.cat([first, last]), together)


def lost(rank: int, world: int) -> Any:
    """One process ends in the middle: there is nobody to wait for."""
    module = st.SyncGoldenBatchNorm(C)
    module(torch.eye(C))
    if rank == 1:
        raise SystemExit
    return module(torch.eye(C))


@pytest.mark.campaign
def test_a_lost_process_is_an_error(tmp_path):
    (first, *_), *_ = run_in(2, {"lost": lost}, tmp_path, answering=1).values()
    assert isinstance(first, RuntimeError)
    assert "all 2 processes of the group must take part" in str(first)


@pytest.mark.campaign
@pytest.mark.parametrize(
    "sizes", [(3, 5), (0, 2), (1, 1, 1), (40, 0, 0, 1), (300, 2, 0, 41), (25, 25, 25, 25)], ids=str
)
def test_other_numbers_of_processes(tmp_path, sizes):
    jobs = {name: partial(job, name, sizes) for name in CASES}
    jobs["distributed"] = partial(distributed, sizes)
    answers = run_in(len(sizes), jobs, tmp_path)
    for name in CASES:
        assert_together(ranks(answers[name]), alone(name, sizes))
    wanted = train(model(), *data(sizes), 1 / sum(sizes))
    for answer in ranks(answers["distributed"]):
        for name, value in wanted.items():
            torch.testing.assert_close(answer[name], value, rtol=1e-11, atol=1e-12)


# -- one process ------------------------------------------------------------------------------


def test_alone_it_is_the_batch_norm_of_one_process():
    for shape, kind in (((6, C), st.GoldenBatchNorm1d), ((3, C, 2, 2, 2), st.GoldenBatchNorm3d)):
        ours, other = st.SyncGoldenBatchNorm(C).double(), kind(C).double()
        x = draw(*shape)
        assert torch.equal(ours(x), other(x))
        assert torch.equal(ours.eval()(x), other.eval()(x))
        assert list(ours.state_dict()) == list(other.state_dict())
        other.load_state_dict(ours.state_dict())
    assert repr(ours).replace("Sync", "") == repr(other).replace("3d", "")
    with pytest.raises(ValueError, match="mode must be"):
        st.SyncGoldenBatchNorm(C, mode="silver")
    with pytest.raises(ShapeError, match=r"x must have shape \(N, 4, \*\), got \(2, 3\)"):
        ours(torch.zeros(2, 3))


def test_convert_keeps_all_but_the_class():
    shared = st.GoldenBatchNorm2d(C, eps=0.1, momentum=None, mode="standard")
    seen: list[Any] = []
    shared.register_forward_hook(lambda *_: seen.append(1))
    before = nn.Sequential(nn.Conv2d(2, C, 1), shared, nn.Sequential(shared), nn.LayerNorm(3))
    before.eval()
    kept = list(before.parameters())
    after = st.SyncGoldenBatchNorm.convert(before, process_group="some")
    assert after is before
    assert after[1] is after[2][0]
    assert type(after[1]) is st.SyncGoldenBatchNorm
    assert (after[1].eps, after[1].momentum, after[1].mode) == (0.1, None, shared.mode)
    assert after[1].process_group == "some"
    assert not after[1].training
    assert type(after[3]) is nn.LayerNorm
    assert all(a is b for a, b in zip(after.parameters(), kept, strict=True))
    after(draw(1, 2, 3, 3, dtype=torch.float32))
    assert seen == [1, 1]
    assert type(shared) is st.GoldenBatchNorm2d
    alone = st.SyncGoldenBatchNorm.convert(st.GoldenBatchNorm1d(C))
    assert type(alone) is st.SyncGoldenBatchNorm
    assert alone.process_group is None
