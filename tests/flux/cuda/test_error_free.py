"""Error-free transformations stay so in machine code: no compiler fuses what belongs to them.

A sum that PTX writes `add.f64` may still be fused with a product, by NVRTC or by the assembler
behind it; `add.rn.f64` may not. So in probes whose operands are products, each sum and product of
a transformation is found with its rounding named, and nothing is found fused.
"""

from __future__ import annotations

import re
from itertools import product

import pytest
from effort import thinned

from syntonic.flux.cuda import nvrtc, source

LIBRARIES = nvrtc.installed()
pytestmark = pytest.mark.skipif(not LIBRARIES, reason="no NVRTC; install the test extra")

each = pytest.mark.parametrize("library", LIBRARIES, ids=lambda x: f"nvrtc{x.version[0]}")

_ARITHMETIC = re.compile(r"(?m)^\s*((?:add|sub|mul|fma|mad)\.\S*f(?:32|64))\s")
_KERNEL = re.compile(
    r'extern "C" __global__ void\s+(?:__launch_bounds__\((?:[^()]|\([^()]*\))*\))?'
)
_NAMED = re.compile(r"__[df](?:add|sub|mul)_rn\(x, y\)")

TWO_SUM = ["add.rn", "sub.rn", "sub.rn", "sub.rn", "sub.rn", "add.rn"]
PROBES = {
    "two_sum": (
        "golden_batch_norm",
        "Two s = two_sum(x[0] * x[1], x[2] * x[3]); out[0] = s.high, out[1] = s.low;",
        ["mul", "mul", *TWO_SUM],
    ),
    "two_product": (
        "golden_batch_norm",
        "Two p = two_product(x[0], x[1]); out[0] = p.high, out[1] = p.low + x[2];",
        ["mul.rn", "fma.rn", "add"],
    ),
    "spread_of": (
        "golden_batch_norm",
        "Moments m = {1, x[0] * x[1], 0}; Spread s = spread_of(m, x[2] * x[3], 0);"
        "out[0] = s.mean, out[1] = s.rest;",
        ["mul", "mul", *TWO_SUM],
    ),
    "Compensated": (
        "syntonic_softmax",
        "Compensated c = {x[0] * x[1], x[2]}; c.add(x[3] * x[4]); out[0] = c.sum, out[1] = c.rest;",
        ["mul", "mul", *TWO_SUM, "add"],
    ),
    "Mode": (  # the pivot of long rows is one number: subtracted from them, and added to their mean
        "phi_residual",
        "Mode mode = {x[0], x[1]}; acc_t s = mode(x[2], x[3]); out[0] = s - x[4], out[1] = s;",
        ["fma.rn", "mul.rn", "sub"],
    ),
}
"""By name: a family that has it, what a kernel does with it, and the arithmetic this is."""


def arithmetic(library, name, dtype, edit=lambda text: text):
    """The instructions of a probe: compiled as its family is, whose own kernels are left out."""
    family, body, _ = PROBES[name]
    text = _KERNEL.sub("static __device__ void ", edit(source.assemble(family)))
    text += f'extern "C" __global__ void probe(acc_t *out, const acc_t *x) {{ {body} }}\n'
    options = *source.options(family, dtype), *source.added_options("compute_90")
    ptx = library.compile(text, options).ptx.decode()
    return _ARITHMETIC.findall(ptx[ptx.index(".entry probe(") :])


def operators(text):
    """Write with operators what names its rounding."""
    signs = {"add": "+", "sub": "-", "mul": "*"}
    return _NAMED.sub(lambda m: f"x {signs[m[0][3:6]]} y", text)


@pytest.mark.campaign
@each
@pytest.mark.parametrize(("dtype", "name"), thinned(product(source.DTYPES, PROBES), every=3))
def test_nothing_is_fused(library, dtype, name):
    type_ = ".f64" if dtype == "f64" else ".ftz.f32"
    expected = [f"{instruction}{type_}" for instruction in PROBES[name][2]]
    assert sorted(arithmetic(library, name, dtype)) == sorted(expected)


@pytest.mark.campaign
@each
@pytest.mark.parametrize("dtype", ["f64", "f32"])
@pytest.mark.parametrize("name", PROBES)
def test_operators_would_leave_it_to_the_compiler(library, dtype, name):
    """Without names a product is fused already in PTX, or may be by what reads it."""
    found = arithmetic(library, name, dtype, operators)
    assert sum(".rn" in each for each in found) < sum(".rn" in each for each in PROBES[name][2])
