"""CudaRuntime: what it asks of CuPy, what it refuses, and what becomes of CuPy's errors."""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from syntonic.errors import BackendUnavailableError, DeviceError, KernelCompileError
from syntonic.flux.cuda import compile as cuda_compile
from syntonic.flux.cuda import source
from syntonic.flux.cuda.compile import CudaRuntime
from syntonic.flux.cuda.nvrtc import Compiled

FAMILY, SYMBOL = "phi_residual", "phi_residual_mode_phi_f32"
NOTHING = ()
KILO = 1024


class FakeArray:
    """An array of the pretended CuPy."""

    def __init__(self, device=0, contiguous=True):
        self.data = SimpleNamespace(device_id=device)
        self.flags = SimpleNamespace(c_contiguous=contiguous)


class CudaError(RuntimeError):
    """What CuPy raises for CUDA's errors."""


class FakeCupy:
    """Records what is asked of CuPy; `fail` is raised by the next call of a name."""

    ndarray = FakeArray

    def __init__(self):
        self.modules, self.launches, self.current = [], [], [0]
        self.fail, self.driver = {}, 12040
        self.cuda = SimpleNamespace(
            Device=self.device,
            runtime=SimpleNamespace(
                CUDARuntimeError=CudaError,
                runtimeGetVersion=lambda: 13020,
                memGetInfo=lambda: (3 * KILO, 8 * KILO),
                driverGetVersion=lambda: self.driver,
                getDevice=lambda: self.current[-1],
            ),
            driver=SimpleNamespace(CUDADriverError=CudaError),
        )

    def may_fail(self, name):
        if name in self.fail:
            raise self.fail.pop(name)

    def device(self, number=None):
        stack = self.current
        number = stack[-1] if number is None else number
        return SimpleContext(number, lambda: stack.append(number), stack.pop)

    def empty(self, shape, dtype):
        self.may_fail("empty")
        return "array", shape, dtype, self.current[-1]

    def get_default_memory_pool(self):
        return SimpleNamespace(free_bytes=lambda: KILO)

    def RawModule(self, *, path):
        self.may_fail("load")
        self.modules.append((self.current[-1], Path(path)))
        return SimpleNamespace(
            compile=lambda: None, get_function=lambda name: FakeKernel(self, name)
        )


class SimpleContext:
    """A device, entered and left by two functions, again and again."""

    compute_capability = "90"

    def __init__(self, number, enter, leave):
        self.id, self.enter, self.leave = number, enter, leave

    def __enter__(self):
        self.enter()

    def __exit__(self, *_):
        self.leave()


class FakeKernel:
    """A kernel that records its launches."""

    def __init__(self, cupy, name):
        cupy.may_fail("get_function")
        self.cupy, self.name, self.allowed = cupy, name, 48 * KILO

    @property
    def max_dynamic_shared_size_bytes(self):
        return self.allowed

    @max_dynamic_shared_size_bytes.setter
    def max_dynamic_shared_size_bytes(self, size):
        self.cupy.may_fail("shared")
        self.allowed = size

    def __call__(self, grid, block, args, *, shared_mem):
        self.cupy.may_fail("launch")
        on = self.cupy.current[-1]
        self.cupy.launches.append((on, self.name, grid, block, args, shared_mem, self.allowed))


class FakeCompiler:
    """An NVRTC that notes what it is given; `fail` is raised by its next compilation."""

    version, build, include = (13, 0), "V13.0.88", ()

    def __init__(self):
        self.given, self.fail = [], []

    def architectures(self):
        return 75, 90

    def compile(self, text, options, name):
        if self.fail:
            raise self.fail.pop()
        self.given.append((text, options))
        return Compiled(b"ptx", b"cubin", "")


@pytest.fixture
def compiler(monkeypatch, tmp_path):
    fake = FakeCompiler()
    monkeypatch.setattr(cuda_compile.nvrtc, "find", lambda major: {13: fake}[major])
    monkeypatch.setenv("CUPY_CACHE_DIR", str(tmp_path))
    return fake


@pytest.fixture
def cupy(monkeypatch, compiler):
    fake = FakeCupy()
    monkeypatch.setitem(sys.modules, "cupy", fake)
    forget()
    yield fake
    forget()


def forget():
    for cached in (cuda_compile._runtime, cuda_compile._module, cuda_compile._kernel):
        cached.cache_clear()


def launch(runtime, arguments=NOTHING, symbol=SYMBOL, dtype="f32", **given):
    runtime.launch(FAMILY, symbol, dtype, (2,), (128,), arguments, **given)


def test_a_launch(cupy):
    x = FakeArray()
    arguments = (x, None, np.int64(7), np.float32(0.5))
    launch(CudaRuntime.of(x), arguments)
    ((device, name, grid, block, passed, shared, _),) = cupy.launches
    assert (device, name, grid, block, shared) == (0, SYMBOL, (2,), (128,), 0)
    assert passed[0] is x
    assert passed[1].dtype == np.uint64  # a null pointer of eight bytes
    assert passed[1] == 0
    assert [type(p) for p in passed[2:]] == [np.int64, np.float32]


def test_the_text_and_the_options_are_those_of_the_other_tests(cupy, compiler):
    launch(CudaRuntime(0))
    options = (*source.options(FAMILY, "f32"), *source.added_options("sm_90"))
    assert compiler.given == [(source.assemble(FAMILY), options)]
    ((_, path),) = cupy.modules
    assert path.read_bytes() == b"cubin"


def test_another_process_finds_what_was_compiled(cupy, compiler):
    launch(CudaRuntime(0))
    forget()
    launch(CudaRuntime(0))
    assert len(cupy.modules) == 2
    assert len(compiler.given) == 1


@pytest.mark.parametrize("name", ["INVALID_IMAGE", "INVALID_SOURCE", "FILE_NOT_FOUND"])
def test_a_damaged_file_is_compiled_again(cupy, compiler, name):
    launch(CudaRuntime(0))
    forget()
    cupy.fail["load"] = CudaError(f"CUDA_ERROR_{name}: device kernel image is invalid")
    launch(CudaRuntime(0))
    assert len(compiler.given) == 2
    forget()
    cupy.fail["load"] = CudaError("CUDA_ERROR_OUT_OF_MEMORY: out of memory")
    with pytest.raises(DeviceError, match="OUT_OF_MEMORY"):
        launch(CudaRuntime(0))
    assert len(compiler.given) == 2


def test_load_gives_the_module_that_is_launched(cupy):
    module = cuda_compile.load(FAMILY, "f32")
    launch(CudaRuntime(0))
    assert len(cupy.modules) == 1
    assert module.get_function(SYMBOL).name == SYMBOL


def test_compiles_once_for_each_device_and_dtype(cupy):
    for device in (0, 1, 0):
        for dtype in ("f32", "f64", "f32"):
            for name in ("one", "two", "one"):
                launch(CudaRuntime.of(FakeArray(device)), symbol=f"{name}_{dtype}", dtype=dtype)
    assert [on for on, _ in cupy.modules] == [0, 0, 1, 1]
    assert len(cupy.launches) == 27
    assert CudaRuntime.of(FakeArray(1)) is CudaRuntime.of(FakeArray(1))


def test_works_on_the_device_of_the_array(cupy):
    runtime = CudaRuntime.of(FakeArray(1))
    launch(runtime, (FakeArray(1),))
    assert cupy.launches[0][0] == 1
    assert runtime.empty((3, 4), np.float32) == ("array", (3, 4), np.float32, 1)
    assert cupy.current == [0]


def test_shared_memory_above_48_kilobytes_is_asked_for_once(cupy):
    runtime = CudaRuntime(0)
    for shared in (48 * KILO, 100 * KILO, 60 * KILO):
        launch(runtime, shared=shared)
    assert [launch[-1] // KILO for launch in cupy.launches] == [48, 100, 100]
    cupy.fail["shared"] = CudaError("CUDA_ERROR_INVALID_VALUE: invalid argument")
    with pytest.raises(DeviceError, match=f"{SYMBOL} on a grid.* with {1 << 20} bytes of shared"):
        launch(runtime, shared=1 << 20)


@pytest.mark.parametrize(
    ("argument", "says"),
    [
        (7, "argument 1 must be a CuPy array, None or a NumPy scalar, got a int"),
        (0.5, "got a float"),
        (True, "got a bool"),
        (np.zeros(3), "got a ndarray"),
        ((), "got a tuple"),
        (FakeArray(1), "argument 1 is on device 1, not on 0"),
        (FakeArray(0, contiguous=False), "argument 1 must be C-contiguous"),
    ],
)
def test_refused_arguments(cupy, argument, says):
    with pytest.raises(DeviceError, match=says):
        launch(CudaRuntime(0), (np.int64(1), argument))
    assert cupy.launches == []


@pytest.mark.parametrize("scalar", [np.float64(1), np.float16(1), np.int32(1), np.bool_(1)])
def test_numpy_scalars_pass_unchanged(cupy, scalar):
    launch(CudaRuntime(0), (scalar,))
    assert cupy.launches[0][4][0] is scalar


@pytest.mark.parametrize(("grid", "block"), [((0,), (32,)), ((1, 0), (32,)), ((1,), (0,))])
def test_an_empty_grid_is_refused(cupy, grid, block):
    with pytest.raises(DeviceError, match="must be positive"):
        CudaRuntime(0).launch(FAMILY, SYMBOL, "f32", grid, block, ())


def test_a_compile_error_ends_with_the_place_and_the_remedy(cupy, compiler):
    log = 'kernels/scalar.cuh(12): error: identifier "x" is undefined'
    compiler.fail = [KernelCompileError(log)]
    with pytest.raises(KernelCompileError) as caught:
        launch(CudaRuntime(0))
    assert str(caught.value).endswith(f"{log}\nrun `syntonic doctor`")
    launch(CudaRuntime(0))  # an error is not remembered
    assert len(cupy.launches) == 1


def test_out_of_memory_tells_what_is_wanted_and_leaves_all_usable(cupy):
    runtime = CudaRuntime(0)
    cupy.fail["empty"] = MemoryError()
    with pytest.raises(DeviceError) as caught:
        runtime.empty((1000, 1000), np.dtype("f4"))
    text = str(caught.value)
    assert "shape (1000, 1000): 4,000,000 bytes are wanted" in text
    assert "of 8,192 bytes on the device 3,072 are free, and CuPy holds 1,024" in text
    assert runtime.empty((3,), np.dtype("f4"))
    assert cupy.current == [0]


@pytest.mark.parametrize(
    ("error", "driver", "kind", "says"),
    [
        ("cudaErrorInsufficientDriver: version", 0, BackendUnavailableError, "no NVIDIA driver"),
        ("cudaErrorInsufficientDriver: version", 11080, BackendUnavailableError, "Insufficient"),
        ("cudaErrorNoDevice: no device", 12040, BackendUnavailableError, "no device"),
        ("CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES: x", 12040, DeviceError, r"grid of \(2,\) blocks"),
    ],
)
def test_errors_of_cuda(cupy, error, driver, kind, says):
    cupy.driver = driver
    cupy.fail["launch"] = CudaError(error)
    with pytest.raises(kind, match=rf"(?s){says}.*run `syntonic doctor`"):
        launch(CudaRuntime(0))


def test_no_nvrtc(cupy, compiler):
    compiler.fail = [BackendUnavailableError("no NVRTC 13 found; run: pip install ...")]
    with pytest.raises(BackendUnavailableError, match=r"no NVRTC 13 found.*run `syntonic doctor`"):
        launch(CudaRuntime(0))


def test_other_errors_pass_through(cupy):
    cupy.fail["launch"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        launch(CudaRuntime(0))


def without_device():
    """The installed CuPy, if there is no device for it."""
    cupy = pytest.importorskip("cupy")
    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except RuntimeError:
        count = 0
    if count:
        pytest.skip("there is a device")
    return cupy


def test_the_installed_cupy_without_a_driver():
    without_device()
    runtime = CudaRuntime(0)
    for act in (lambda: launch(runtime), lambda: runtime.empty((3,), np.float32)):
        with pytest.raises(BackendUnavailableError, match="no NVIDIA driver is visible; run"):
            act()


def test_the_options_are_those_that_the_installed_cupy_adds(monkeypatch, tmp_path):
    """CuPy's own compilation, up to the program: its options are ours and folders of headers."""
    cupy = without_device()
    seen = []

    class Program:
        def __init__(self, *_, **__):
            pass

        def compile(self, options, *_):
            seen.append(options)
            return b"", None

    monkeypatch.setenv("CUPY_CACHE_DIR", str(tmp_path))
    compiler = cupy.cuda.compiler
    backend = SimpleNamespace(load=lambda name: None, save=lambda *_: None)
    monkeypatch.setattr(compiler, "_kernel_cache_backend", backend, raising=False)
    monkeypatch.setattr(compiler, "_NVRTCProgram", Program)
    monkeypatch.setattr(compiler, "_get_arch_for_options_for_nvrtc", lambda a: ("-arch=sm_90", "x"))
    monkeypatch.setattr(compiler.function, "Module", lambda: SimpleNamespace(load=lambda _: None))
    monkeypatch.setattr(compiler, "_preprocess", lambda *_: "", raising=False)
    given = source.options(FAMILY, "f32")
    with pytest.raises(AttributeError, match="_set_mapping"):
        cupy._core.core.compile_with_cache(
            source.assemble(FAMILY), given, prepend_cupy_headers=False, arch="90"
        )
    kept = [option for option in seen[-1] if not option.startswith("-I")]
    assert kept == [*given, *source.added_options("sm_90")]
