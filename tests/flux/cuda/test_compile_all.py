"""Every kernel compiles for every architecture, spills nothing, and fits its launch bounds.

Every NVRTC that is installed compiles every family in every dtype for every architecture that it
knows. Results are kept in pytest's cache, so that unchanged sources are not compiled again.
"""

import hashlib
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

pytestmark = [
    pytest.mark.campaign,
    pytest.mark.skipif(not LIBRARIES, reason="no NVRTC; install the test extra"),
]


def known(library):
    """The architectures that are served and that an NVRTC knows."""
    return [arch for arch in source.ARCHITECTURES if int(arch[3:]) in library.architectures()]


@pytest.fixture(scope="module")
def made(request):
    """What an NVRTC makes of a family in a dtype: {architecture: digest}."""
    kept = getattr(request.config, "cache", None)

    @cache
    def of(library, family, dtype):
        jobs = [Job(family, dtype, arch) for arch in known(library)]
        return {job.architecture: found for job, found in digests(library, jobs, kept).items()}

    return of


def digests(library, jobs, kept):
    """The digest of each job: what is kept of earlier runs, and the rest compiled."""
    found = {job: kept.get(key(library, job), None) if kept else None for job in jobs}
    for outcome in compile_all(library, [job for job in jobs if found[job] is None]):
        found[outcome.job] = digest(outcome)
        if kept and not outcome.error:
            kept.set(key(library, outcome.job), found[outcome.job])
    return found


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
    outcomes = made(library, family, dtype)
    assert list(outcomes) == known(library)
    for arch, outcome in outcomes.items():
        assert outcome["error"] == "", arch
        assert set(outcome["kernels"]) == set(source.symbols(family)[dtype]), arch


@every
def test_spills_nothing(made, library, family, dtype):
    spilled = {
        (kernel, arch): used["spilled"]
        for arch, outcome in made(library, family, dtype).items()
        for kernel, used in outcome["kernels"].items()
        if used["spilled"] and (kernel, arch) not in ALLOWED_SPILLS
    }
    assert spilled == {}


@every
def test_fits_its_launch_bounds(made, library, family, dtype):
    """A block that needs more registers than there are does not launch."""
    for arch, outcome in made(library, family, dtype).items():
        for kernel, used in outcome["kernels"].items():
            threads, blocks = used["bounds"]
            limit = min(REGISTERS // (threads * blocks) // 8 * 8, MOST_REGISTERS)
            assert used["registers"] <= limit, (kernel, arch, used)
            assert used["shared"] <= 48 * 1024, (kernel, arch, used)


def test_every_architecture_meets_a_compiler():
    assert {arch for library in LIBRARIES for arch in known(library)} == {*source.ARCHITECTURES}


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
