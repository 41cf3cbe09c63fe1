"""What each kernel takes: the comment above it in the source, and its parameters.

A kernel that is launched by hand, through `cupy.RawModule` or the driver, is checked by nobody;
these comments say its arguments and its grid, and the tests hold them to naming every parameter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from syntonic.flux.cuda import source

__all__ = ["Signature", "conventions", "signatures"]

_KERNEL = re.compile(
    r"(?m)(?P<comment>(?:^//(?! -- ).*\n)*)"
    r'^extern "C" __global__ void\s+(?:__launch_bounds__\((?:[^()]|\([^()]*\))*\)\s*)?'
    r"(?:SRT_KERNEL\((?P<every>\w+)\)|(?P<one>\w+))\s*\((?P<parameters>[^)]*)\)"
)
_MACRO = re.compile(r"(?m)^#define (\w+)[ \t]+((?:.*\\\n)*.*)$")
_TYPES = {"f64": "double", "f32": "float", "f16": "__half", "bf16": "__nv_bfloat16"}
_CONVENTIONS = re.compile(r"(?m)^// The comment above a kernel says .*\.(?P<rest>.*\n(?://.+\n)*)")


@dataclass(frozen=True)
class Signature:
    """What is written about a kernel.

    Parameters
    ----------
    name
        Its name, without a dtype at the end unless it has only one.
    comment
        The lines above it, without their slashes.
    parameters
        Type and name of each, as "const scalar_t *x".
    """

    name: str
    comment: tuple[str, ...]
    parameters: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the parameters."""
        return tuple(re.findall(r"\w+", each)[-1] for each in self.parameters)

    def is_for(self, dtype: str) -> bool:
        """Tell whether there is a kernel for a dtype, "f64" and so on."""
        ends = next((each for each in source.DTYPES if self.name.endswith(f"_{each}")), dtype)
        return ends == dtype

    def declaration(self, dtype: str) -> str:
        """Return the declaration for a dtype, "f64" and so on, in the types of C."""
        acc = "double" if dtype == "f64" else "float"
        types = {"scalar_t": _TYPES[dtype], "acc_t": acc, "index_t": "long long"}
        name = f"{self.name.removesuffix(f'_{dtype}')}_{dtype}"
        text = f"void {name}({', '.join(self.parameters)})"
        return re.sub(r"\b(scalar_t|acc_t|index_t)\b", lambda m: types[m[0]], text)


@cache
def signatures(family: str) -> tuple[Signature, ...]:
    """Return what is written about each kernel of a family, in the order of the file."""
    text = source.assemble(family)
    macros = {name: body.replace("\\\n", " ") for name, body in _MACRO.findall(text)}
    return tuple(
        Signature(
            found["every"] or found["one"],
            tuple(line.removeprefix("//").strip() for line in found["comment"].splitlines()),
            _parameters(found["parameters"], macros),
        )
        for found in _KERNEL.finditer(text)
    )


def conventions() -> str:
    """Return how the comments are to be read, one paragraph, as it is written in scalar.cuh."""
    text = (source.folder() / "scalar.cuh").read_text(encoding="utf-8")
    found = _CONVENTIONS.search(text)
    return found["rest"].replace("\n//", "").strip() if found else ""


def _parameters(text: str, macros: dict[str, str]) -> tuple[str, ...]:
    """Split a list of parameters, in which a macro may stand for several."""
    spelled = re.sub(r"\w+", lambda m: macros.get(m[0], m[0]), text)
    return tuple(" ".join(each.split()) for each in spelled.split(","))
