"""Every kernel compiles for every architecture, spills nothing, and fits its launch bounds.

Every NVRTC that is installed compiles every family in every dtype for every architecture that it
knows: all that at night, a share of it in a campaign. Results are kept in pytest's cache, so that
unchanged sources are not compiled again.
"""

import hashlib
import re
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


def known(library):
    """The architectures that are served and that an NVRTC knows."""
    return [arch for arch in source.ARCHITECTURES if int(arch[3:]) in library.architectures()]


def share(library, dtype):
    """The architectures for which an NVRTC compiles a dtype in a campaign: two neighbours.

    Over the dtypes they are all of them, so each NVRTC compiles each family for each architecture.
    """
    have = known(library)
    first = 2 * (len(source.DTYPES) * LIBRARIES.index(library) + source.DTYPES.index(dtype))
    return {have[k % len(have)] for k in (first, first + 1)}


def made(library, job, kept):
    """The digest of a job, which is kept from run to run."""
    found = kept.get(key(library, job), None) if kept else None
    if found is None:
        (outcome,) = compile_all(library, [job])
        found = digest(outcome)
        if kept and not outcome.error:
            kept.set(key(library, job), found)
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


def cases():
    """Every job of every NVRTC, each under the mark of the run that has it."""
    for library, family, dtype in product(LIBRARIES, FAMILIES, source.DTYPES):
        for arch in known(library):
            mark = pytest.mark.campaign if arch in share(library, dtype) else pytest.mark.nightly
            name = f"nvrtc{library.version[0]}-{family}-{dtype}-{arch}"
            yield pytest.param(library, Job(family, dtype, arch), marks=mark, id=name)


@pytest.mark.parametrize(("library", "job"), [*cases()])
def test_compiles_spills_nothing_and_fits_its_launch_bounds(request, library, job):
    """A block that needs more registers than there are does not launch."""
    found = made(library, job, getattr(request.config, "cache", None))
    assert found["error"] == ""
    assert set(found["kernels"]) == set(source.symbols(job.family)[job.dtype])
    for kernel, used in found["kernels"].items():
        threads, blocks = used["bounds"]
        limit = min(REGISTERS // (threads * blocks) // 8 * 8, MOST_REGISTERS)
        assert not used["spilled"] or (kernel, job.architecture) in ALLOWED_SPILLS, (kernel, used)
        assert used["registers"] <= limit, (kernel, used)
        assert used["shared"] <= 48 * 1024, (kernel, used)


def test_every_architecture_meets_a_compiler():
    assert {arch for library in LIBRARIES for arch in known(library)} == {*source.ARCHITECTURES}


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda x: f"nvrtc{x.version[0]}")
def test_the_share_of_a_campaign_has_every_architecture(library):
    found = [share(library, dtype) for dtype in source.DTYPES]
    assert set().union(*found) == set(known(library))


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
