"""Fixtures shared by all tests."""

import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

LEFT_OUT = frozenset(
    name
    for name in (
        "gmpy2 flint cypari mpmath sympy numba llvmlite tqdm hypothesis ml_dtypes torch".split()
    )
    if find_spec(name) is None
)
"""Packages that are missing, whose tests are skipped: a GPU's machine may have few."""

with suppress(ImportError):
    from hypothesis import HealthCheck, settings

    # Fixed seeds, and no clock: a first call may compile, and a machine may be busy.
    slow = [HealthCheck.too_slow]
    settings.register_profile(
        "campaign", deadline=None, derandomize=True, suppress_health_check=slow
    )
    settings.register_profile("syntonic", settings.get_profile("campaign"), max_examples=20)
    settings.load_profile("syntonic")


MOST_WORKERS = 8


def pytest_configure(config: pytest.Config) -> None:
    """Draw all examples of properties in a campaign, and a fifth of them in other runs."""
    if _is_campaign(config):
        with suppress(ImportError):
            from hypothesis import settings

            settings.load_profile("campaign")


def _is_campaign(config: pytest.Config) -> bool:
    return re.search(r"(?<!not )\bcampaign\b", config.option.markexpr) is not None


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Run folders in as many processes as there are cores, and files in this one.

    Neighbours stay together, since what they share is compiled once; a process that has nothing
    left to do takes some of another's. `-n 0` is one process.
    """
    given = config.option
    if "PYTEST_XDIST_WORKER" in os.environ or getattr(given, "numprocesses", 0) is not None:
        return  # one of those processes, told how many, or without the plugin
    if any(Path(argument.partition("::")[0]).is_dir() for argument in config.args):
        given.numprocesses, given.dist = "auto", "worksteal"
        given.maxprocesses = given.maxprocesses or MOST_WORKERS


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Compile the loops of the CPU once, before several processes run all tests."""
    config = session.config
    everything = config.args_source is config.ArgsSource.TESTPATHS
    if everything and getattr(config.option, "numprocesses", 0) and not config.option.collectonly:
        with suppress(ImportError):
            from syntonic.cli import loops

            for _ in loops.warm():
                pass


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Any:
    """Skip a file that imports a package that is not there, and say which."""
    report = yield
    if report.failed and (missing := _missing(report.call.excinfo)):
        report.outcome = "skipped"
        report.longrepr = str(collector.path), None, f"Skipped: {_needed(missing)}"
        _forget(collector.path)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Skip a test that imports a package that is not there, and say which."""
    report = yield
    if report.failed and (missing := _missing(call.excinfo)):
        report.outcome = "skipped"
        report.longrepr = str(item.path), None, f"Skipped: {_needed(missing)}"
    return report


def _needed(package: str) -> str:
    extra = f": pip install {package}" if package == "torch" else ""
    return f"needs {package}{extra}"


def _forget(path: Path) -> None:
    """Drop a module whose import failed, which pytest leaves for others to find half done."""
    half = [name for name, m in sys.modules.items() if getattr(m, "__file__", None) == str(path)]
    for name in half:
        del sys.modules[name]


def _missing(caught: pytest.ExceptionInfo[BaseException] | None) -> str | None:
    """Return the package of LEFT_OUT that an import did not find, here or in a cause."""
    error = caught.value if caught else None
    while error is not None:
        name = (getattr(error, "name", None) or "").partition(".")[0]
        if isinstance(error, ModuleNotFoundError) and name in LEFT_OUT:
            return name
        error = error.__cause__ or error.__context__
    return None


DATA = Path(__file__).with_name("data")
"""Facts that a script beside them makes, and that are part of the repository."""


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of models made by others: $SYNTONIC_SHARED_DATA."""
    folder = _external()
    if folder is None:
        pytest.skip("no models of others: SYNTONIC_SHARED_DATA names no folder")
    return folder


@pytest.fixture(scope="session")
def golden_facts() -> list[dict[str, Any]]:
    """Facts about the field, by PARI and mpmath; those that others published, where they are."""
    facts = json.loads((DATA / "facts.json").read_text("utf-8"))
    if folder := _external():
        facts += json.loads((folder / "golden_facts.json").read_text("utf-8"))["facts"]
    return facts


@pytest.fixture(scope="session")
def network_cases() -> list[list[dict[str, Any]]]:
    """Sets of operations of networks on exact inputs, with thirty digits of the results."""
    sets = [json.loads((DATA / "networks.json").read_text("utf-8"))]
    if folder := _external():
        sets.append(json.loads((folder / "nn/torch_golden_cases.json").read_text("utf-8"))["cases"])
    return sets


def _external() -> Path | None:
    folder = os.environ.get("SYNTONIC_SHARED_DATA", "")
    return Path(folder) if os.path.isdir(folder) else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take properties into a campaign; leave out what needs a GPU where there is none.

    A marker asks for those on a GPU all the same.
    """
    if _is_campaign(config):
        for item in items:
            if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
                item.add_marker("campaign")
    wanted = "gpu" in config.option.markexpr or os.environ.get("SYNTONIC_REQUIRE_GPU") == "1"
    on_gpu = [item for item in items if item.get_closest_marker("gpu")]
    if wanted or not on_gpu:
        return
    from cuda_host.devices import gpu_is_missing

    if gpu_is_missing():
        config.hook.pytest_deselected(items=on_gpu)
        items[:] = [item for item in items if not item.get_closest_marker("gpu")]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Compile all kernels in the background when many will be wanted: another core is idle."""
    files = {item.path for item in session.items if _on_host(item)}
    if len(files) > 2 and not session.config.option.collectonly:
        from cuda_host.devices import host_is_missing
        from cuda_host.runtime import prebuild

        if not host_is_missing():
            prebuild()


def _on_host(item: pytest.Item) -> bool:
    parameters = getattr(item, "callspec", None)
    return parameters is not None and parameters.params.get("device", "cuda") != "cuda"


@pytest.fixture(
    params=[
        "shuffled",  # finds what the natural one hides
        pytest.param("natural", marks=pytest.mark.campaign),
        pytest.param("cuda", marks=pytest.mark.gpu),
    ]
)
def device(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A device for kernels: the host harness in two thread orders, and a GPU if one is there.

    The natural order is for a campaign.
    See `cuda_host.devices` for its methods: array, numpy, same_bits, order and seeds.
    """
    from cuda_host.devices import device_for

    chosen = device_for(request.param)
    with chosen.order(chosen.seed):
        yield chosen


@pytest.fixture(params=["f64", "f32", "f16", "bf16"])
def kernel_dtype(request: pytest.FixtureRequest) -> Any:
    """Each dtype that kernels are compiled for."""
    from cuda_host.devices import dtype_of

    return dtype_of(request.param)


@pytest.fixture(params=["host", pytest.param("cuda", marks=pytest.mark.gpu)])
def cupy(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """CuPy where there is a GPU, and a stand-in whose kernels run on the host harness."""
    if request.param == "cuda":
        from cuda_host.devices import device_for

        device_for("cuda")
        import cupy

        return cupy
    from cuda_host.cupy_on_host import cupy_on_host

    monkeypatch.setitem(sys.modules, "cupy", cupy_on_host())
    return sys.modules["cupy"]


@pytest.fixture
def threads() -> Iterator[Callable[[int], None]]:
    """Return a function that sets the number of threads for the test."""
    import syntonic

    before = syntonic.get_num_threads()
    yield syntonic.set_num_threads
    syntonic.set_num_threads(before)
