"""torch.compile, torch.export and other tracers: whole graphs of operators, the bits of eager."""

from __future__ import annotations

import warnings

import pytest
import torch

import syntonic.torch as st
from pytorch.cases import CASES, draw, every_case, gradients

BACKEND = "aot_eager"  # what is traced is the same; a C++ compiler would only take longer


@pytest.fixture(autouse=True)
def forget():
    torch._dynamo.reset()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's own, of what it calls itself
        yield


@every_case
@pytest.mark.parametrize("dynamic", [False, True])
def test_a_whole_graph_with_the_bits_of_eager(case, dynamic):
    inputs = case.on("cpu", torch.float32)
    compiled = torch.compile(case.call, fullgraph=True, dynamic=dynamic, backend=BACKEND)
    out, wanted = compiled(*inputs), case.call(*inputs)
    assert torch.equal(out, wanted)
    both = zip(gradients(out, inputs), gradients(wanted, inputs), strict=True)
    assert all(torch.equal(a, b) for a, b in both)


def test_one_graph_for_many_lengths():
    from torch._dynamo import testing

    counter = testing.CompileCounterWithBackend(BACKEND)
    compiled = torch.compile(st.golden_layer_norm, fullgraph=True, dynamic=True, backend=counter)
    compiled(draw(3, 6))
    graphs = counter.frame_count
    for n in (4, 7, 11):
        x = draw(n, 2 * n)
        assert torch.equal(compiled(x), st.golden_layer_norm(x))
    assert counter.frame_count == graphs


OPERATORS = {
    "residual": lambda x, y, g, b: (x, y, "phi"),
    "residual_relu": lambda x, y, g, b: (x, y, "phi_symmetric"),
    "residual_gelu": lambda x, y, g, b: (x, y, "standard"),
    "residual_layer_norm": lambda x, y, g, b: (x, y, g, b, 1e-5, "phi"),
    "layer_norm": lambda x, y, g, b: (x, g, b, 0.6, 1e-5),
    "batch_norm": lambda x, y, g, b: (x, g, b, 0.6, 1e-5),
    "batch_norm_apply": lambda x, y, g, b: (x, torch.ones(4, 5).double(), g, None, 0.6, 1e-5),
    "softmax": lambda x, y, g, b: (x, 1),
    "softmax_learned": lambda x, y, g, b: (x, g, 1, 1.0),
    "softmax_provided": lambda x, y, g, b: (x, y.detach().abs().requires_grad_(), 1, 1.0, 1e-10),
}


@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_opcheck(name, dtype, layout):
    x, y = (draw(3, 5, 2, 5, seed=s, dtype=dtype).contiguous(memory_format=layout) for s in (0, 1))
    g, b = (draw(5, seed=s, dtype=dtype) for s in (2, 3))
    leaves = [v.requires_grad_() for v in (x, y, g, b)]
    operator = getattr(torch.ops.syntonic, name).default
    torch.library.opcheck(operator, OPERATORS[name](*leaves))


def test_export_holds_the_operator():
    class Block(torch.nn.Module):
        def forward(self, x, y):
            return st.syntonic_softmax(st.phi_residual(x, y))

    x, y = draw(3, 5), draw(3, 5, seed=1)
    rows = torch.export.Dim("rows", min=2)
    program = torch.export.export(Block(), (x, y), dynamic_shapes=({0: rows}, {0: rows}))
    targets = [str(node.target) for node in program.graph.nodes if node.op == "call_function"]
    assert targets == ["syntonic.residual.default", "syntonic.softmax.default"]
    more = draw(7, 5), draw(7, 5, seed=1)
    assert torch.equal(program.module()(*more), Block()(*more))


def test_export_asks_nothing_of_the_size():
    class Block(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = torch.nn.Linear(64, 64)

        def forward(self, x):
            return st.phi_residual_layernorm(x, self.linear(x))

    rows = torch.export.Dim("rows", min=2, max=100_000)
    for strict in (False, True):
        x = torch.zeros(10, 64)
        torch.export.export(Block(), (x,), dynamic_shapes=({0: rows},), strict=strict)


def test_a_training_step_under_compile():
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3), st.GoldenBatchNorm2d(4), torch.nn.Flatten(),
        st.GoldenLayerNorm(4 * 36), torch.nn.Linear(4 * 36, 3), st.SyntonicSoftmax(num_features=3),
    )  # fmt: skip
    state = {k: v.clone() for k, v in model.state_dict().items()}
    x, results = draw(5, 1, 8, 8, dtype=torch.float32), []
    for compiled in (False, True):
        model.load_state_dict(state)
        forward = torch.compile(model, fullgraph=True, backend=BACKEND) if compiled else model
        model.zero_grad()
        forward(x)[:, 0].log().sum().backward()
        grads = [p.grad.clone() for p in model.parameters()]
        results.append([*grads, *(b.clone() for b in model.buffers())])
    for eager, traced in zip(*results, strict=True):
        torch.testing.assert_close(traced, eager, rtol=1e-5, atol=1e-6)


def test_tracers_of_other_kinds_see_the_operator():
    """None takes the result of a loop for a constant."""
    x, y = draw(3, 5, dtype=torch.float32), draw(3, 5, seed=1, dtype=torch.float32)
    from torch.fx.experimental.proxy_tensor import make_fx

    graph = make_fx(lambda v: st.golden_layer_norm(v))(x)
    assert torch.equal(graph(y), st.golden_layer_norm(y))
    traced = torch.jit.trace(lambda v: st.syntonic_softmax(v), x, check_trace=False)
    assert torch.equal(traced(y), st.syntonic_softmax(y))
    assert st.golden_layer_norm(x.to("meta")).is_meta


def test_transforms_around_and_inside_a_compiled_function():
    x, t = draw(3, 5), draw(3, 5, seed=1)
    _, wanted = torch.func.jvp(CASES["softmax"].oracle, (x,), (t,))
    compiled = torch.compile(st.syntonic_softmax, backend=BACKEND)
    inside = torch.compile(
        lambda x, t: torch.func.jvp(st.syntonic_softmax, (x,), (t,))[1],
        fullgraph=True, backend=BACKEND,
    )  # fmt: skip
    torch.testing.assert_close(torch.func.jvp(compiled, (x,), (t,))[1], wanted)
    torch.testing.assert_close(inside(x, t), wanted)


def test_a_gradient_under_compile_is_not_differentiated_again():
    x = draw(3, 5).requires_grad_()
    out = torch.compile(st.golden_layer_norm, fullgraph=True, backend=BACKEND)(x)
    (first,) = torch.autograd.grad((out**3).sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="double backward"):
        first.sum().backward()
