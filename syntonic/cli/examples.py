"""What `--help` shows at its end: an example of each command."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

__all__ = ["EXAMPLES", "add_examples", "parsers"]

EXAMPLES = {
    "": ('eval "phi^12 - 3/2"', "recover model.off --report proof.json", "doctor"),
    "recover": (
        "recover model.off --vef exact.vef --report proof.json",
        "recover points.csv --columns x,y,z --decimals 4",
        "recover turned.obj --scale-free",
    ),
    "eval": ('eval "phi^12 - 3/2"', 'eval "(1+sqrt5)/2"'),
    "solid": ("solid --list", 'solid "600-cell" --off 600-cell.off'),
    "snap": (
        "snap x.npy x.zarr --memory 1GB",
        "snap x.npy x.zarr --precision 1000 --resume",
    ),
    "kernels": ("kernels list", "kernels show phi_residual_relu_f64"),
    "kernels list": ("kernels list --kernel phi_residual --dtype f32",),
    "kernels show": ("kernels show phi_residual_relu_f64", "kernels show golden_layer_norm"),
    "kernels compile": ("kernels compile --kernel phi_residual --arch sm_80 sm_90 --out built",),
    "kernels warm": ("kernels warm --cpu", "kernels warm --kernel syntonic_softmax --dtype f32"),
    "doctor": ("doctor", "doctor --json"),
}
"""By the words of a command, its examples."""


def add_examples(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """End the help of a parser and of all its commands with examples."""
    for words, each in parsers(parser):
        lines = (f"  syntonic {example}" for example in EXAMPLES.get(words, ()))
        each.epilog = "\n".join(["examples:", *lines]) if words in EXAMPLES else None
        each.formatter_class = _Formatter
    return parser


def parsers(
    parser: argparse.ArgumentParser, words: str = ""
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Yield a parser and those of its commands, each with the words that lead to it."""
    yield words, parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, command in action.choices.items():
                yield from parsers(command, f"{words} {name}".strip())


class _Formatter(argparse.HelpFormatter):
    """Fills the description, and leaves examples as they stand."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if text.startswith("examples:"):
            return text
        return super()._fill_text(text, width, indent)
