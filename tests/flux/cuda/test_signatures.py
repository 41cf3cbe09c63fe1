"""What is written above every kernel: all its parameters, and the grid that its launcher has."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from cuda_host.calls import CALLS, Place
from cuda_host.devices import HostDevice, dtype_of
from cuda_host.runtime import RUNTIME

from syntonic.flux.cuda import source
from syntonic.flux.cuda.signatures import Signature, conventions, signatures

SOURCES = sorted(path for path in source.folder().iterdir() if path.suffix in (".cu", ".cuh"))
KERNELS = [each for family in source.families() for each in signatures(family)]
LAUNCH = re.compile(r"Launch: grid (?P<grid>.+?)[,;] block (?P<block>.+)\.$")
SHAPE = re.compile(
    r"(?:(?P<type>acc_t|double|int32|int64) )?"
    r"\((?!written|or null)(?P<shape>\w[\w *]*(?:, [\w *]+)*)\)"
)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_a_source_is_ascii(path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.isascii()
    assert [line for line in text.splitlines() if "//" in line and len(line) > 100] == []


def test_every_symbol_has_a_signature() -> None:
    for family in source.families():
        for dtype, symbols in source.symbols(family).items():
            found = [each for each in signatures(family) if each.is_for(dtype)]
            names = [re.search(r"\w+(?=\()", each.declaration(dtype))[0] for each in found]
            assert tuple(names) == symbols


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
def test_the_comment_names_every_parameter_and_the_launch(kernel) -> None:
    text = " ".join(kernel.comment)
    missing = [name for name in kernel.names if not re.search(rf"\b{name}\b", text)]
    assert kernel.names
    assert missing == [], f"the comment above {kernel.name} does not name these parameters"
    assert LAUNCH.search(text), f"the comment above {kernel.name} has no `Launch: grid ..., block`"


def test_how_the_comments_are_to_be_read() -> None:
    text = conventions()
    assert text.startswith("Arrays are C-contiguous")
    assert text.endswith("dynamic shared memory where its comment says how much.")


def test_a_declaration_has_the_types_of_its_dtype() -> None:
    (relu,) = (each for each in KERNELS if each.name == "phi_residual_relu")
    assert relu.names == ("out", "identity", "residual", "inner", "outer", "n")
    assert relu.declaration("f16") == (
        "void phi_residual_relu_f16(__half *out, const __half *identity, const __half *residual, "
        "float inner, float outer, long long n)"
    )
    (vec4,) = (each for each in KERNELS if each.name == "phi_residual_mode_phi_vec4_f32")
    assert vec4.declaration("f32").startswith("void phi_residual_mode_phi_vec4_f32(float *out,")


@pytest.mark.campaign
def test_the_launchers_keep_to_the_comments(kernel_dtype, monkeypatch) -> None:
    """Nothing runs: what a launcher passes is compared with what the comment says."""
    wrong: dict[str, str] = {}
    met = set()

    def launch(family, symbol, dtype, grid, block, arguments, shared=0):
        kernel = next(k for k in signatures(family) if symbol in (k.name, f"{k.name}_{dtype}"))
        met.add(symbol)
        assert len(arguments) == len(kernel.parameters)
        for error in Launch(kernel, dtype, block, arguments).errors(grid, shared):
            wrong.setdefault(symbol, error)

    monkeypatch.setattr(RUNTIME, "launch", launch)
    place = Place(HostDevice(), kernel_dtype)
    for call in CALLS.values():
        for _ in call(place):
            pass
    suffix = source.suffix(kernel_dtype)
    assert wrong == {}
    assert met == {name for family in source.families() for name in source.symbols(family)[suffix]}


class Launch:
    """One launch, and the values of the names that a comment uses."""

    def __init__(self, kernel: Signature, dtype: str, block: tuple[int, ...], arguments: Any):
        self.text, self.dtype, (self.block,) = " ".join(kernel.comment), dtype, block
        self.arrays = {
            name: x
            for name, x in zip(kernel.names, arguments, strict=True)
            if isinstance(x, np.ndarray)
        }
        given = dict(zip(kernel.names, arguments, strict=True))
        numbers = {name: int(x) for name, x in given.items() if isinstance(x, np.integer)}
        self.size = {"f64": 8, "f32": 4}.get(dtype, 2)
        self.values = {
            "V": 16 // self.size,
            "block": self.block,
            "rows": len(next(iter(self.arrays.values()))),
            **numbers,
        }
        for name, double, other in re.findall(
            r"(\w) (?:is|=) (\d+) for f64, else (\d+)", self.text
        ):
            self.values[name] = int(double if dtype == "f64" else other)

    def errors(self, grid: tuple[int, ...], shared: int) -> Iterator[str]:
        told = re.search(r"Dynamic shared memory: ([^.]+)\.", self.text)
        needed = 0
        for part in told[1].split(", and ") if told else ():
            count, acc = re.match(r"(.+?) (?:elements|(?:numbers )?of (acc_t))", part).groups()
            needed += self.value(count) * (max(self.size, 4) if acc else self.size)
        if shared != needed:
            yield f"{shared} bytes of shared memory"
        said = LAUNCH.search(self.text)
        sides = self.sides(said["grid"])
        wide = (*grid, 1)[: max(2, len(sides))]
        for side, got in zip([*sides, "1"][:2], wide, strict=True):
            if (expected := self.value(side)) not in (None, got):
                yield f"grid {grid}, the comment says {said['grid']}: {expected}"
        if not self.suits(said["block"]):
            yield f"block {self.block}, the comment says {said['block']}"
        self.values.setdefault("blocks", grid[0])
        for name, x in self.arrays.items():
            if x.size and not any(self.fits(x, *shape) for shape in self.shapes(name)):
                yield f"{name} has shape {x.shape} and dtype {x.dtype}, and no such one is named"

    def sides(self, text: str) -> list[str]:
        """Split the grid into its sides, and note what it defines on the way."""
        first, *others = split(text)
        first = first.partition(" with any number")[0]
        sides = split(first[1:-1]) if first.startswith("(") and first.endswith(")") else [first]
        defined = [side.split(" = ") for side in [*others, *sides] if " = " in side]
        for name, expression in [*defined, *defined]:  # one may need the other
            if (value := self.value(expression)) is not None:
                self.values[name] = value
        return [side.split(" = ")[-1] for side in sides]

    def value(self, expression: str) -> int | None:
        """Evaluate, or return None where a name has no value here."""
        python = re.sub(r"(\d) (?=[a-zA-Z])", r"\1 * ", expression.replace("^", "**"))
        try:
            return eval(python, {"ceil": math.ceil}, self.values)
        except (NameError, SyntaxError):
            return None

    def suits(self, text: str) -> bool:
        """Tell whether the block is as it should be."""
        if "a multiple of" in text:
            bounds = re.search(r"(?:from (?P<least>\w+) to|up to) (?P<most>\d+)", text)
            unit = math.lcm(32, self.values["T"] if "of T" in text else 1)
            least = self.value(bounds["least"] or "1")
            return self.block % unit == 0 and least <= self.block <= int(bounds["most"])
        if "for a team up to 32, else team" in text and self.values["team"] > 32:
            return self.block == self.values["team"]
        half = re.search(r"or (\d+) for f16 and bf16", text)
        if half and self.dtype in ("f16", "bf16"):
            return self.block == int(half[1])
        return self.block == self.value(re.match(r"\w+", text)[0])

    def shapes(self, name: str) -> Iterator[tuple[str | None, list[str]]]:
        """Yield the types and shapes that stand behind a name, with no end of a clause between."""
        text = self.text[: self.text.index("Launch: ")]
        start = 0
        for found in SHAPE.finditer(text):
            clause = re.split(r"[.;:] ", text[start : found.start()])[-1]
            if re.search(rf"\b{name}\b", clause):
                yield found["type"], found["shape"].split(", ")
            start = found.end()

    def fits(self, x: Any, kind: str | None, shape: list[str]) -> bool:
        """Tell whether an array has as many elements of the type; None stands for any number."""
        sides = [self.value(side) for side in shape]
        known = math.prod(side for side in sides if side is not None)
        exact = None not in sides
        acc = "float64" if self.dtype == "f64" else "float32"
        kinds = {"acc_t": acc, "double": "float64", "int32": "int32", "int64": "int64"}
        scalar = dtype_of(self.dtype).name
        right = known and (x.size == known if exact else x.size % known == 0)
        return bool(right) and x.dtype.name == kinds.get(kind, scalar)


def split(text: str) -> list[str]:
    """Split at the commas outside of parentheses."""
    depth, parts = 0, [""]
    for letter in text:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]
