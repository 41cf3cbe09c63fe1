"""Network cases: 30-digit references on exact inputs, ONNX's node tests."""

from math import prod

import numpy as np
import pytest

from syntonic import (
    GoldenBatchNormConfig,
    GoldenBatchNormState,
    GoldenExact,
    ResonantTensor,
    golden_batch_norm_1d,
    golden_batch_norm_2d,
    golden_layer_norm,
    phi_residual_gelu,
    phi_residual_relu,
    syntonic_softmax,
)


@pytest.fixture
def cases(network_cases, name):
    """The cases of this name, of every set."""
    return [case for found in network_cases for case in found if case["name"] == name]


def tensors(case, flux=None):
    """Return a case's inputs: crystallized, or in flux."""
    out = []
    for x in case["inputs"]:
        data = np.array([GoldenExact(a, b) for a, b in x["exact"]], object).reshape(x["shape"])
        t = ResonantTensor(data, precision=10**6)
        assert [v.hex() for v in t.to_floats().ravel().tolist()] == x["float64_hex"]
        out.append(t if flux is None else flux(t.to_floats()))
    return out


def standard(**options):
    return {"mode": "standard", **options}


def evaluated(x, mean, var, weight, bias):
    state = GoldenBatchNormState(GoldenBatchNormConfig(x.shape[1], mode="standard"))
    names = {"running_mean": mean, "running_var": var, "weight": weight, "bias": bias}
    state.load_state_dict({k: v.to_floats() for k, v in names.items()} | {"num_batches_tracked": 1})
    return state.forward(x, training=False)


OPERATIONS = {
    "softmax_0_dim0": lambda x: syntonic_softmax(x, 0),
    "softmax_1_dim1": lambda x: syntonic_softmax(x, 1),
    "layer_norm_0": lambda x: golden_layer_norm(x, **standard()),
    "layer_norm_affine_2": lambda x, g, b: golden_layer_norm(x, **standard(gamma=g, beta=b)),
    "batch_norm_train_1": lambda x, g, b: golden_batch_norm_1d(x, **standard(gamma=g, beta=b)),
    "batch_norm_eval_0": evaluated,
    "gelu_2": lambda x: phi_residual_gelu(x, x - x, "standard"),
    "relu_1": lambda x: phi_residual_relu(x, x - x, "standard"),
    "mean_1": lambda x: x.mean(axis=1),
    "var_biased_0": lambda x: x.var(axis=1),
    "matmul_2": lambda x, y: x @ y,
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_flux_against_thirty_digits(cases, flux, name):
    for case in cases:
        out = OPERATIONS[name](*tensors(case, flux)).to_device("cpu").flux_array
        wanted = np.array([float(v) for v in case["reference_30_digits"]])
        np.testing.assert_allclose(out.ravel(), wanted, rtol=2e-14, atol=4e-15)


@pytest.mark.parametrize("name", OPERATIONS)
def test_exact_or_cycle_against_thirty_digits(cases, name):
    exact = name in ("relu_1", "mean_1", "var_biased_0", "matmul_2")
    for case in cases:
        out = OPERATIONS[name](*tensors(case))
        wanted = np.array([float(v) for v in case["reference_30_digits"]])
        if "exact_output" in case:
            assert [[str(x.a), str(x.b)] for x in np.asarray(out).flat] == case["exact_output"]
        np.testing.assert_allclose(
            out.to_floats().ravel(), wanted, rtol=1e-15, atol=0 if exact else 2e-6
        )


# -- ONNX ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def node_cases():
    """ONNX's backend node tests for the operators we have, {name: (inputs, outputs)}."""
    pytest.importorskip("onnx")
    from importlib import import_module

    package = "onnx.backend.test.case.node"
    node = import_module(package)
    for module in ("batch_normalization", "layernormalization", "softmax", "gelu"):
        import_module(f"{package}.{module}")
    return {case.name: case.data_sets[0] for case in node._NodeTestCases if case.data_sets}


def close(out, wanted):
    np.testing.assert_allclose(out.to_device("cpu").flux_array, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("name", "axis"),
    [
        ("example", -1),
        ("large_number", -1),
        ("axis_0", 0),
        ("axis_1", 1),
        ("axis_2", 2),
        ("negative_axis", -1),
        ("default_axis", -1),
    ],
)
def test_onnx_softmax(node_cases, flux, name, axis):
    (x,), (y,) = node_cases[f"test_softmax_{name}"]
    close(syntonic_softmax(flux(x, np.float32), axis), y)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["test_gelu_default_1", "test_gelu_default_2"])
def test_onnx_gelu(node_cases, flux, name):
    (x,), (y,) = node_cases[name]
    close(phi_residual_gelu(flux(x, np.float32), flux(0 * x, np.float32), "standard"), y)


@pytest.mark.filterwarnings("ignore")
def test_onnx_layer_norm(node_cases, flux):
    names = [name for name in node_cases if name.startswith("test_layer_normalization")]
    assert len(names) >= 15
    for name in names:
        if "expanded" in name:
            continue
        (x, gamma, beta), (y, *_) = node_cases[name]
        features = prod(gamma.shape)
        eps = 1e-1 if name.endswith("epsilon") else 1e-5
        rows = flux(x.reshape(-1, features), np.float32)
        affine = {"gamma": gamma.ravel().tolist(), "beta": beta.ravel().tolist()}
        close(golden_layer_norm(rows, "standard", eps, **affine), y.reshape(-1, features))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["example", "epsilon"])
@pytest.mark.parametrize("training", [False, True])
def test_onnx_batch_norm(node_cases, flux, name, training):
    inputs, outputs = node_cases[f"test_batchnorm_{name}{'_training_mode' * training}"]
    x, gamma, beta, mean, var = inputs
    config = GoldenBatchNormConfig(
        x.shape[1], 1e-2 if name == "epsilon" else 1e-5, 0.1, mode="standard", unbiased=False
    )
    state = GoldenBatchNormState(config)
    state.load_state_dict(
        {"weight": gamma, "bias": beta, "running_mean": mean, "running_var": var}
        | {"num_batches_tracked": 0}
    )
    close(state.forward(flux(x, np.float32), training), outputs[0])
    if training:
        running = state.state_dict()
        np.testing.assert_allclose(running["running_mean"], outputs[1], rtol=1e-5)
        np.testing.assert_allclose(running["running_var"], outputs[2], rtol=1e-5)
        affine = {"gamma": gamma.tolist(), "beta": beta.tolist()}
        stateless = golden_batch_norm_2d(flux(x, np.float32), "standard", config.eps, **affine)
        close(stateless, outputs[0])
