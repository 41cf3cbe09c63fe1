"""The command line: `syntonic recover`, `eval`, `solid`, `kernels` and `doctor`.

The exit status is 0 when all went well (for `recover`: the coordinates are proved), 1 when a
kernel does not compile or the doctor finds a fault, 2 for arguments or input that cannot be used,
3 when `recover` refuses, 130 when interrupted, and 141 when whoever reads the output has gone.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from syntonic.cli.examples import add_examples
from syntonic.cli.output import discard, fail, flush, say
from syntonic.cli.snap import add_snap
from syntonic.errors import SyntonicError

__all__ = ["main"]

_DONE, _UNUSABLE, _INTERRUPTED, _NO_READER = 0, 2, 130, 141
_DIGITS = 30


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv
        The arguments after the program's name; by default those of the process.

    Returns
    -------
    int
        The exit status.

    Examples
    --------
    >>> main(["eval", "(1 + sqrt5)/2 + 1"])
    1 + φ
    2.61803398874989484820458683437
    0
    """
    try:
        arguments = add_examples(_parser()).parse_args(
            _guard_minus(sys.argv[1:] if argv is None else argv)
        )
        status: int = arguments.run(arguments)
        flush(sys.stdout)
    except SystemExit as stop:  # argparse has said what there was to say
        return int(stop.code or _DONE)
    except KeyboardInterrupt:
        return fail("interrupted", _INTERRUPTED)
    except BrokenPipeError:  # of standard output, or of a pipe that is an output file
        try:
            flush(sys.stdout)
        except OSError:
            discard(sys.stdout)
        return _NO_READER
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        return fail(f"{place}{error.strerror or error}", _UNUSABLE)
    except (SyntonicError, ValueError, ArithmeticError, MemoryError) as error:
        return fail(str(error) or type(error).__name__, _UNUSABLE)
    return status


def _parser() -> argparse.ArgumentParser:
    from syntonic import __version__

    parser = argparse.ArgumentParser(
        prog="syntonic", description="Exact numbers of the golden field Q(phi)."
    )
    parser.add_argument("--version", action="version", version=f"syntonic {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_recover(commands)
    evaluate = commands.add_parser(
        "eval",
        help="evaluate an expression in phi exactly",
        description='Evaluate an expression such as "phi^12 - 3/2" or "(1+sqrt5)/2" exactly.',
    )
    evaluate.add_argument("expression", metavar="EXPRESSION")
    evaluate.set_defaults(run=_evaluate)
    _add_solid(commands)
    add_snap(commands, _natural, say)
    _add_kernels(commands)
    doctor = commands.add_parser(
        "doctor",
        help="examine the installation, and say how to mend it",
        description="Examine the installation: packages, driver, compiler, kernels, GPU. Exit "
        "status: 0 healthy, 1 a line is FAIL.",
    )
    doctor.add_argument("--json", action="store_true", help="write the report as JSON")
    doctor.set_defaults(run=_doctor)
    return parser


def _add_recover(commands: Any) -> None:
    recover = commands.add_parser(
        "recover",
        help="find and prove the exact coordinates behind printed decimals",
        description="Find the exact golden coordinates behind the decimals of a file, and prove "
        "them. Exit status: 0 proved, 3 refused, 2 unusable input.",
    )
    recover.add_argument(
        "file", metavar="FILE", help="a file in OFF, VEF, JSON, OBJ, PLY, STL, XYZ, CSV or NPY"
    )
    recover.add_argument(
        "--columns", metavar="X,Y,Z", help="the columns of a table to take, by name or number"
    )
    recover.add_argument(
        "--decimals", type=_natural, metavar="N", help="how many decimals of the file are right"
    )
    recover.add_argument(
        "--scale-free",
        action="store_true",
        help="recover the figure up to scale and position, from the ratios of its distances",
    )
    recover.add_argument(
        "--max-denominator",
        type=_natural,
        metavar="D",
        help="the largest common denominator to try; by default 1000",
    )
    edges = recover.add_mutually_exclusive_group()
    edges.add_argument(
        "--hull",
        action="store_true",
        help="take the edges, faces and cells of the convex hull, for files of points alone",
    )
    edges.add_argument(
        "--shortest-edges",
        action="store_true",
        help="take the pairs of vertices at the shortest distance as edges",
    )
    _add_outputs(recover)
    recover.set_defaults(run=_recover)


def _add_outputs(recover: argparse.ArgumentParser) -> None:
    recover.add_argument("--report", metavar="OUT.json", help="write the proof as JSON")
    recover.add_argument(
        "--vef", metavar="OUT.vef", help="write the exact figure, for vZome and for reading back"
    )
    recover.add_argument(
        "--out", metavar="FILE", help="write the exact figure in the format of the name"
    )
    recover.add_argument("--plot", metavar="OUT.png", help="draw the exact figure")
    recover.add_argument(
        "--html", metavar="OUT.html", help="make a page on which the exact figure can be turned"
    )


def _add_solid(commands: Any) -> None:
    solid = commands.add_parser(
        "solid",
        help="make a named figure exactly: vertices, edges, faces, cells",
        description='Make a figure such as "600-cell" or icosahedron exactly, and write it.',
    )
    solid.add_argument("name", nargs="?", metavar="NAME", help="see --list")
    solid.add_argument("--list", action="store_true", help="list the names")
    solid.add_argument("--off", metavar="OUT.off", help="write its decimals, for viewers")
    solid.add_argument("--vef", metavar="OUT.vef", help="write it exactly, for vZome")
    solid.add_argument("--plot", metavar="OUT.png", help="draw it")
    solid.add_argument("--html", metavar="OUT.html", help="make a page on which it can be turned")
    solid.set_defaults(run=_solid)


def _add_kernels(commands: Any) -> None:
    kernels = commands.add_parser(
        "kernels",
        help="list the CUDA kernels, or compile them without a GPU",
        description="List the CUDA kernels, show what they take, or compile them; this needs no "
        "GPU and no driver.",
    ).add_subparsers(required=True, metavar="COMMAND")
    listing = kernels.add_parser("list", help="list the families, their kernels and dtypes")
    _add_choice(listing, "--kernel", "--dtype")
    listing.set_defaults(run=_list_kernels)
    showing = kernels.add_parser(
        "show",
        help="show what kernels compute, their arguments and their grid",
        description="Show what kernels compute, their arguments and how they are launched.",
    )
    showing.add_argument("name", nargs="+", metavar="NAME", help=_CHOICES["--kernel"][1])
    _add_choice(showing, "--dtype")
    showing.set_defaults(run=_show_kernels)
    compiling = kernels.add_parser(
        "compile",
        help="compile through NVRTC, and show registers, shared memory and spills",
        description="Compile the kernels through NVRTC, and show what each takes. Options given "
        "several times add up. Exit status: 0 all compiled, 1 some did not, 2 unusable arguments "
        "or no NVRTC.",
    )
    _add_choice(compiling, "--kernel", "--arch", "--dtype")
    compiling.add_argument("--out", metavar="DIR", help="write PTX and machine code there")
    compiling.add_argument(
        "--cuda", type=_natural, metavar="12", help="the version of CUDA, if there are several"
    )
    compiling.set_defaults(run=_compile_kernels)
    warming = kernels.add_parser(
        "warm",
        help="compile all kernels into the cache, so that no first use waits",
        description="Compile all kernels for the visible GPUs into CuPy's cache folder, in "
        "parallel, or with --cpu the loops of the CPU. Exit status: 0 all compiled, 1 some did "
        "not, 2 unusable arguments, no NVRTC or no GPU.",
    )
    warming.add_argument("--cpu", action="store_true", help="the CPU's loops, not the kernels")
    _add_choice(warming, "--kernel", "--arch", "--dtype")
    warming.set_defaults(run=_warm_kernels)


_CHOICES = {
    "--kernel": ("NAME", "a family or one of its kernels; NAME_f64 is that dtype alone"),
    "--arch": ("sm_90", "an architecture"),
    "--dtype": ("f32", "f64, f32, f16 or bf16, for names that do not end in one"),
}


def _add_choice(parser: argparse.ArgumentParser, *options: str) -> None:
    """Add options that take several values, and add up when they are given several times."""
    for name in options:
        metavar, what = _CHOICES[name]
        parser.add_argument(
            name, action="extend", nargs="+", metavar=metavar, help=f"{what}; by default all"
        )


def _guard_minus(argv: Sequence[str]) -> list[str]:
    """Keep argparse from taking the expression of `eval "-phi"` for an option."""
    if len(argv) == 2 and argv[0] == "eval" and argv[1] not in ("-h", "--help"):
        return ["eval", "--", argv[1]]
    return [*argv]


def _natural(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise argparse.ArgumentTypeError(f"must be a whole number from 0, got {text[:30]!r}")
    return int(text)


def _recover(arguments: argparse.Namespace) -> int:
    from syntonic.cli.recover import run_recover

    return run_recover(arguments, say, fail)


def _evaluate(arguments: argparse.Namespace) -> int:
    from syntonic.exact.golden import GoldenExact

    value = GoldenExact.parse(arguments.expression)
    say(f"{value}\n{value.to_decimal(_DIGITS)}")
    return _DONE


def _solid(arguments: argparse.Namespace) -> int:
    from syntonic.cli.solid import run_solid

    return run_solid(arguments, say)


def _list_kernels(arguments: argparse.Namespace) -> int:
    from syntonic.cli.kernels import run_list

    return run_list(arguments, say)


def _show_kernels(arguments: argparse.Namespace) -> int:
    from syntonic.cli.kernels import run_show

    return run_show(arguments, say)


def _compile_kernels(arguments: argparse.Namespace) -> int:
    from syntonic.cli.kernels import run_compile

    return run_compile(arguments, say, progress=sys.stderr.isatty())


def _warm_kernels(arguments: argparse.Namespace) -> int:
    from syntonic.cli.kernels import run_warm

    return run_warm(arguments, say, progress=sys.stderr.isatty())


def _doctor(arguments: argparse.Namespace) -> int:
    from syntonic.doctor import examine

    report, status = examine(as_json=bool(arguments.json))
    say(report)
    return status
