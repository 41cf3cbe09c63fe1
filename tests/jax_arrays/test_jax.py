"""Operations on JAX's arrays: the numbers of flux, gradients, transforms, refusals."""

from __future__ import annotations

import subprocess
import sys
from functools import partial

import numpy as np
import pytest

from syntonic import DeviceError, GoldenNormMode, ResonantTensor, ShapeError, ops
from syntonic.ops import vjp

jax = pytest.importorskip("jax", reason="needs jax: it is in the extra jax")

import jax.numpy as jnp  # noqa: E402

import syntonic.jax as sj  # noqa: E402


@pytest.fixture(autouse=True)
def wide():
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


def draw(*shape, seed=0, dtype=np.float64):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


X, Y = draw(4, 6), draw(4, 6, seed=1)
AFFINE = {"gamma": draw(6, seed=2), "beta": draw(6, seed=3)}
IMAGES, SCALES = draw(3, 2, 2, 3, seed=4), {"gamma": draw(2, seed=5), "beta": draw(2, seed=6)}
PAIR = {"identity": X, "residual": Y}
CASES = {
    **{
        f"{name} {mode}": (name, PAIR, {"mode": mode})
        for name in ("phi_residual", "phi_residual_relu", "phi_residual_gelu")
        for mode in ("phi", "phi_symmetric", "standard")
    },
    "residual and layer norm": ("phi_residual_layernorm", {**PAIR, **AFFINE}, {"eps": 1e-3}),
    "residual and layer norm, plain": ("phi_residual_layernorm", PAIR, {"mode": "standard"}),
    "layer norm": ("golden_layer_norm", {"x": X}, {}),
    "layer norm, affine": ("golden_layer_norm", {"x": X, **AFFINE}, {"mode": "standard"}),
    "layer norm, no beta": ("golden_layer_norm", {"x": X[0], "gamma": AFFINE["gamma"]}, {}),
    "columns": ("golden_batch_norm_1d", {"x": X, **AFFINE}, {"mode": GoldenNormMode.custom(0.3)}),
    "images": ("golden_batch_norm_2d", {"x": IMAGES, **SCALES}, {"eps": 1e-2}),
    "softmax": ("syntonic_softmax", {"x": X}, {}),
    "softmax, first axis": ("syntonic_softmax", {"x": X}, {"dim": 0}),
    "softmax, learned": ("syntonic_softmax", {"x": X, "mode_norms": draw(6)}, {}),
    "softmax, by class": (
        "syntonic_softmax", {"x": X, "syntony": abs(draw(4))}, {"dim": 0, "syntony_scale": 0.7},
    ),
    "softmax, by element": ("syntonic_softmax", {"x": X, "syntony": abs(Y)}, {}),
}  # fmt: skip
every_case = pytest.mark.parametrize(
    ("name", "arrays", "options"), CASES.values(), ids=CASES.keys()
)
TENSORS = ("x", "identity", "residual")


def in_flux(name, arrays, options, dtype):
    """The output of the operation in flux, and its pullback."""
    tensors = {
        k: ResonantTensor.from_flux(v.astype(dtype)) if k in TENSORS else v.astype(dtype)
        for k, v in arrays.items()
    }
    out, pullback = vjp(getattr(ops, name), **tensors, **options)
    return out.flux_array, pullback


def test_every_operation_with_a_gradient_is_here():
    assert {name for name, *_ in CASES.values()} == set(sj.__all__)


@every_case
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
@pytest.mark.parametrize("compiled", [False, True])
def test_numbers_and_gradients_are_those_of_flux(name, arrays, options, dtype, compiled):
    dtype = jnp.dtype(dtype)
    wanted, pullback = in_flux(name, arrays, options, dtype)
    function = partial(getattr(sj, name), **options)

    def both(arrays, grad):
        out, pull = jax.vjp(lambda a: function(**a), arrays)
        return out, pull(grad)[0]

    grad = draw(*wanted.shape, seed=9).astype(dtype)
    given = {k: jnp.asarray(v.astype(dtype)) for k, v in arrays.items()}
    out, found = (jax.jit(both) if compiled else both)(given, jnp.asarray(grad))
    assert isinstance(out, jax.Array)
    assert out.dtype == dtype
    np.testing.assert_array_equal(np.asarray(out), wanted)
    exact = pullback(grad)
    for key, value in found.items():
        assert value.dtype == dtype
        np.testing.assert_array_equal(
            np.asarray(value), getattr(exact, key).flux_array.astype(dtype), err_msg=key
        )


@every_case
def test_gradients_are_slopes(name, arrays, options):
    """Against central differences along a direction of all arguments at once."""

    def total(arrays):
        return (getattr(sj, name)(**arrays, **options) ** 3).sum()

    found = jax.grad(total)(arrays)
    along = {k: draw(*v.shape, seed=20) for k, v in arrays.items()}
    step = 1e-6
    ends = [total({k: v + s * step * along[k] for k, v in arrays.items()}) for s in (1, -1)]
    got = sum(float((found[k] * along[k]).sum()) for k in arrays)
    assert got == pytest.approx(float(ends[0] - ends[1]) / (2 * step), rel=1e-6, abs=1e-7)


@every_case
def test_a_batch_is_each_of_its_elements(name, arrays, options):
    batch = {k: np.stack([v, 2 * v, v + 1]) for k, v in arrays.items()}

    def gradient(arrays):
        return jax.grad(lambda a: (getattr(sj, name)(**a, **options) ** 2).sum())(arrays)

    found = jax.vmap(gradient)(batch)
    for i in range(3):
        one = gradient({k: v[i] for k, v in batch.items()})
        for key, value in one.items():
            np.testing.assert_array_equal(np.asarray(found[key][i]), np.asarray(value))


@every_case
def test_what_is_no_gradient_is_refused_and_not_zero(name, arrays, options):
    def total(arrays):
        return getattr(sj, name)(**arrays, **options).sum()

    with pytest.raises(TypeError, match="jvp"):
        jax.jvp(total, (arrays,), (arrays,))
    with pytest.raises((TypeError, ValueError), match=r"jvp|JVP"):
        jax.hessian(total)(arrays)
    with pytest.raises(ValueError, match="JVP"):
        jax.grad(lambda a: sum((v**2).sum() for v in jax.grad(total)(a).values()))(arrays)


def test_a_parameter_may_be_wider_than_a_half():
    """As in `syntonic.torch`; its gradient keeps its dtype."""
    x, gamma = jnp.asarray(X.astype(np.float16)), jnp.asarray(AFFINE["gamma"].astype(np.float32))
    gradient = jax.grad(lambda g: sj.golden_layer_norm(x, gamma=g).astype(jnp.float32).sum())(gamma)
    assert gradient.dtype == np.float32


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0,)])
def test_empty_arrays(shape):
    x = jnp.zeros(shape)
    for function in (sj.golden_layer_norm, sj.syntonic_softmax, lambda x: sj.phi_residual(x, x)):
        assert function(x).shape == shape
        assert jax.grad(lambda x, f=function: f(x).sum())(x).shape == shape


def test_training_in_a_compiled_loop():
    """Two hundred steps of four calls to the host: the loss falls, and nothing waits for ever."""
    x, wanted = draw(64, 16), draw(64, 8, seed=1)
    start = {"w": 0.1 * draw(16, 8, seed=2), "gamma": np.ones(8), "norms": np.ones(8)}

    def loss(p):
        y = sj.golden_layer_norm(x @ p["w"], gamma=p["gamma"])
        return -(jax.nn.softmax(wanted) * jnp.log(sj.syntonic_softmax(y, -1, p["norms"]))).sum()

    def step(p, _):
        value, gradient = jax.value_and_grad(loss)(p)
        return jax.tree.map(lambda v, g: v - 0.01 * g, p, gradient), value

    _, losses = jax.jit(lambda p: jax.lax.scan(step, p, length=200))(start)
    assert losses[-1] < losses[0] - 10


# -- refusals ---------------------------------------------------------------------------------

REFUSED = {
    "no array": (lambda: sj.phi_residual([1.0], X), TypeError, "identity must be an array of JAX"),
    "integers": (lambda: sj.syntonic_softmax(np.arange(3)), TypeError, "x must be float64, "),
    "shapes": (lambda: sj.phi_residual(X, X[0]), ShapeError, "must have the shape of identity"),
    "dtypes": (lambda: sj.phi_residual_relu(X, X.astype("f")), TypeError, "must have the dtype of"),
    "no axis": (lambda: sj.golden_layer_norm(np.ones(())), ShapeError, "x must have a last axis"),
    "gamma": (
        lambda: sj.golden_layer_norm(X, gamma=np.ones(5)), ShapeError,
        r"golden_layer_norm: gamma must have shape \(6,\), got \(5,\); pass one value for each",
    ),
    "axes": (lambda: sj.golden_batch_norm_2d(X), ShapeError, r"x must have shape \(N, C, H, W\)"),
    "channels": (lambda: sj.golden_batch_norm_1d(X, beta=X[:, 0]), ShapeError, "beta must have"),
    "dim": (lambda: sj.syntonic_softmax(X, 2), ValueError, "dim must be from -2 to 1"),
    "weights": (
        lambda: sj.syntonic_softmax(X, syntony=np.ones(4)), ShapeError,
        r"syntony must have shape \(6,\) or \(4, 6\), got \(4,\)",
    ),
    "two weights": (
        lambda: sj.syntonic_softmax(X, -1, np.ones(6), syntony=np.ones(6)), ValueError, "two weigh",
    ),
    "mode": (lambda: sj.phi_residual(X, X, "psi"), ValueError, "phi_residual: mode must be"),
    "target": (lambda: sj.golden_layer_norm(X, "silver"), ValueError, "norm: mode must"),
    "eps": (lambda: sj.golden_layer_norm(X, eps=-1), ValueError, "eps must be finite and zero"),
    "scale": (lambda: sj.syntonic_softmax(X, syntony_scale="1"), TypeError, "scale must be"),
}  # fmt: skip


@pytest.mark.parametrize(("call", "error", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_refusals_come_before_any_work(call, error, message):
    with pytest.raises(error, match=message):
        call()
    with pytest.raises(error, match=message):
        jax.jit(call)()


def test_float64_is_never_rounded_in_silence():
    jax.config.update("jax_enable_x64", False)
    with pytest.raises(TypeError, match="x is float64, which JAX would round to float32"):
        sj.golden_layer_norm(X)
    assert sj.golden_layer_norm(X.astype(np.float32)).dtype == np.float32


def test_a_negative_weight_is_found_in_the_computation():
    with pytest.raises(Exception, match="syntony must not be negative"):
        sj.syntonic_softmax(X, syntony=-np.ones(6)).block_until_ready()


def test_a_gpu_is_refused(monkeypatch):
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    with pytest.raises(DeviceError, match="x must be on the CPU, got gpu; set"):
        jax.jit(sj.golden_layer_norm)(X)


def test_nothing_imports_jax_unasked():
    script = (
        "import inspect, sys, syntonic\nfrom syntonic import *\ninspect.getmembers(syntonic)\n"
        "assert 'jax' not in dir(syntonic) and 'jax' not in sys.modules\n"
        "assert syntonic.jax.phi_residual and 'jax' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
