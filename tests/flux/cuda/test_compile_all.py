"""Every kernel compiles for every architecture, spills nothing, and fits its launch bounds.

With both NVRTC 12 and 13 installed, each compiles half of all combinations, dealt out so that every
family in every dtype, and every architecture, meets both. That is 140 compilations, 382 s of one
core. SYNTONIC_COMPILE_OTHER_HALF=1 exchanges the halves, so that two runs do everything.

Results are kept in pytest's cache, so that unchanged sources are not compiled again.
"""

import hashlib
import os
import re
from functools import cache
from itertools import product

import pytest

from syntonic.cli.kernels import Job, compile_all
from syntonic.flux.cuda import nvrtc, source

LIBRARIES = nvrtc.installed()
FAMILIES = source.families()
REGISTERS = 65536  # of a multiprocessor, from sm_75 to sm_120
MOST_REGISTERS = 255  # of a thread
LARGEST_BLOCK = 1024  # what a kernel without launch bounds may meet
ALLOWED_SPILLS: dict[tuple[str, str], str] = {}
"""(kernel, architecture): why it may spill."""

pytestmark = pytest.mark.skipif(not LIBRARIES, reason="no NVRTC; install the test extra")


def deal(family):
    """The jobs of a family, each with the libraries that are to do it."""
    first = FAMILIES.index(family) + bool(os.environ.get("SYNTONIC_COMPILE_OTHER_HALF"))
    for (d, dtype), (a, arch) in product(enumerate(source.DTYPES), enumerate(source.ARCHITECTURES)):
        able = [x for x in LIBRARIES if int(arch[3:]) in x.architectures()]
        turn = (first + d + a) % max(1, len(able))
        yield Job(family, dtype, arch), able[turn : turn + 1]


@pytest.fixture(scope="module")
def made(request):
    """What became of a family: {(version, dtype): {architecture: digest}}."""
    kept = getattr(request.config, "cache", None)

    @cache
    def of(family):
        tasks = [(library, job) for job, libraries in deal(family) for library in libraries]
        out = {}
        for library in LIBRARIES:
            mine = [job for owner, job in tasks if owner is library]
            for job, found in digests(library, mine, kept).items():
                out.setdefault((library.version, job.dtype), {})[job.architecture] = found
        return out

    return of


def digests(library, jobs, kept):
    """The digest of each job: what is kept of earlier runs, and the rest compiled."""
    known = {job: kept.get(key(library, job), None) if kept else None for job in jobs}
    for outcome in compile_all(library, [job for job in jobs if known[job] is None]):
        known[outcome.job] = digest(outcome)
        if kept and not outcome.error:
            kept.set(key(library, outcome.job), known[outcome.job])
    return known


def key(library, job):
    of = repr((library.version, job.options, source.assemble(job.family)))
    return f"syntonic/kernels/{hashlib.sha256(of.encode()).hexdigest()}"


def digest(outcome):
    """What the tests need of an outcome, as JSON can hold it."""
    if outcome.compiled is None:
        return {"error": outcome.error, "kernels": {}}
    bounds = launch_bounds(outcome.compiled.ptx.decode())
    kernels = {
        used.kernel: {
            "registers": used.registers,
            "spilled": used.spill_stores + used.spill_loads,
            "shared": used.shared,
            "bounds": bounds[used.kernel],
        }
        for used in outcome.compiled.usage
    }
    return {"error": "", "kernels": kernels}


def launch_bounds(ptx):
    """The (threads, blocks) that each kernel promises."""
    out = {}
    for entry in ptx.split(".entry ")[1:]:
        head = entry.split("{", 1)[0]
        threads = re.search(r"\.maxntid (\d+)", head)
        blocks = re.search(r"\.minnctapersm (\d+)", head)
        out[re.match(r"\w+", head)[0]] = (
            int(threads[1]) if threads else LARGEST_BLOCK,
            int(blocks[1]) if blocks else 1,
        )
    return out


every = pytest.mark.parametrize(
    ("library", "family", "dtype"),
    list(product(LIBRARIES, FAMILIES, source.DTYPES)),
    ids=lambda x: f"nvrtc{x.version[0]}" if isinstance(x, nvrtc.Nvrtc) else x,
)


@every
def test_compiles_to_all_its_symbols(made, library, family, dtype):
    outcomes = made(family)[library.version, dtype]
    assert outcomes
    for arch, outcome in outcomes.items():
        assert outcome["error"] == "", arch
        assert set(outcome["kernels"]) == set(source.symbols(family)[dtype]), arch


@every
def test_spills_nothing(made, library, family, dtype):
    spilled = {
        (kernel, arch): used["spilled"]
        for arch, outcome in made(family)[library.version, dtype].items()
        for kernel, used in outcome["kernels"].items()
        if used["spilled"] and (kernel, arch) not in ALLOWED_SPILLS
    }
    assert spilled == {}


@every
def test_fits_its_launch_bounds(made, library, family, dtype):
    """A block that needs more registers than there are does not launch."""
    for arch, outcome in made(family)[library.version, dtype].items():
        for kernel, used in outcome["kernels"].items():
            threads, blocks = used["bounds"]
            limit = min(REGISTERS // (threads * blocks) // 8 * 8, MOST_REGISTERS)
            assert used["registers"] <= limit, (kernel, arch, used)
            assert used["shared"] <= 48 * 1024, (kernel, arch, used)


def test_all_combinations_are_compiled(made):
    seen = {
        (family, dtype, arch)
        for family in FAMILIES
        for (_, dtype), outcomes in made(family).items()
        for arch in outcomes
    }
    known = {arch for library in LIBRARIES for arch in library.architectures()}
    archs = [arch for arch in source.ARCHITECTURES if int(arch[3:]) in known]
    assert seen == set(product(FAMILIES, source.DTYPES, archs))


def test_bounds_are_read():
    ptx = """
.visible .entry one_f32(
    .param .u64 a
)
.maxntid 256, 1, 1
.minnctapersm 2
{
}
.visible .entry two_f32()
{
}"""
    assert launch_bounds(ptx) == {"one_f32": (256, 2), "two_f32": (1024, 1)}
