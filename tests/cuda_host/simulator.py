"""Run .cu kernels on the CPU through g++, with the interface of cupy.RawModule.

    module = SimModule("kernels/golden_batch_norm.cu", options=("-DSRT_DTYPE=1",))
    module.get_function("golden_bn_2d_normalize_f32")((blocks,), (256,), (out, x, np.int64(n)), shared_mem=0)

Arrays are NumPy arrays; a Python int is 8 bytes and a float is a double, as in CuPy, and a scalar that does not fit the
parameter is an error here (CuPy would pass its bytes on).
"""
import ctypes
import hashlib
import os
import pathlib
import re
import subprocess
import tempfile

import numpy as np

HERE = pathlib.Path(__file__).parent
CACHE = pathlib.Path(os.environ.get("CUDASIM_CACHE", tempfile.gettempdir())) / "cudasim"
KERNEL = re.compile(r'extern\s+"C"\s+__global__\s+void\s+(?:__launch_bounds__\([^)]*\)\s*)?(\w+)\s*\(')
EXTERN_SHARED = re.compile(
    r"extern\s+__shared__\s+(?:__attribute__\(\(aligned\(\d+\)\)\)\s+)?([\w:]+(?:\s+[\w:]+)?)\s+(\w+)\s*\[\s*\]\s*;")


class SimError(RuntimeError):
    """What a GPU would have done silently wrong, or hung on."""


def build(source, options=(), flags=()):
    """The shared library for one text (or .cu file) and its kernels' names."""
    source = source.read_text() if isinstance(source, pathlib.Path) else source
    include = ["-I", str(HERE / "include")]
    flags = ["-std=c++17", "-O1", "-g", "-fPIC", "-w", "-fno-strict-aliasing", "-fno-gnu-unique",
             *(flags or ("-fsanitize=undefined", "-fno-sanitize=vptr,pointer-overflow", "-fno-sanitize-recover=undefined"))]
    inputs = [*sorted((HERE / "include").iterdir()), HERE / "sim.cpp"]
    key = hashlib.sha1(repr((source, options, flags, [f.read_bytes() for f in inputs])).encode()).hexdigest()[:16]
    library = CACHE / f"{key}.so"
    names = library.with_suffix(".names")
    if library.exists():
        return library, names.read_text().split()
    CACHE.mkdir(parents=True, exist_ok=True)
    base = ["g++", "-std=c++17", "-x", "c++"]
    text = subprocess.run(base + ["-E", *include, *options, "-include", "cuda_shim.h", "-"],
                          input=source, check=True, capture_output=True, text=True).stdout
    kernels = sorted(set(KERNEL.findall(text)))
    text = EXTERN_SHARED.sub(r"\1 *\2 = (\1 *)sim_dynamic_shared();", text)
    text = re.sub(r"\b__shared__\b", "thread_local", re.sub(r"\b__global__\b", "", text))
    for name in kernels:
        text += (f'extern "C" void sim_call_{name}(void **a) {{ sim_call(&{name}, a); }}\n'
                 f'extern "C" const char *sim_signature_{name}() {{ return sim_signature(&{name}); }}\n')
    scheduler = CACHE / f"sim-{hashlib.sha1((HERE / 'sim.cpp').read_bytes()).hexdigest()[:16]}.o"
    mine = f".{os.getpid()}"  # another process may be building the same
    unit = library.with_suffix(f"{mine}.ii")
    unit.write_text(text)
    names.write_text(" ".join(kernels))
    if not scheduler.exists():  # never instrumented: it is the machine, not the program
        subprocess.run(["g++", "-std=c++17", "-O2", "-g", "-fPIC", "-c", str(HERE / "sim.cpp"),
                        "-o", f"{scheduler}{mine}"], check=True)
        os.replace(f"{scheduler}{mine}", scheduler)
    subprocess.run(["g++", "-c", *flags, str(unit), "-o", f"{unit}.o"], check=True)
    link = [f for f in flags if f in ("-fsanitize=thread", "-fsanitize=address")]  # sim.cpp answers for undefined
    subprocess.run(["g++", "-shared", "-Wl,-Bsymbolic", *link, f"{unit}.o", str(scheduler), "-o", f"{library}{mine}"],
                   check=True)
    os.replace(f"{library}{mine}", library)
    return library, kernels


class SimModule:
    def __init__(self, source, options=(), flags=(), seed=1, guard=True):
        library, self.names = build(source, options, flags)
        self.lib = ctypes.CDLL(str(library))
        self.lib.sim_guard_alloc.restype = ctypes.c_void_p
        self.seed, self.guard = seed, guard

    def get_function(self, name):
        return SimKernel(self, name)


class SimKernel:
    def __init__(self, module, name):
        self.module, self.name = module, name
        self.call = getattr(module.lib, "sim_call_" + name)
        describe = getattr(module.lib, "sim_signature_" + name)
        describe.restype = ctypes.c_char_p
        self.signature = describe().decode().split()

    def __call__(self, grid, block, args, *, shared_mem=0):
        if len(args) != len(self.signature):
            raise SimError(f"{self.name}: {len(args)} arguments for {len(self.signature)} parameters")
        lib, keep, copies, pointers = self.module.lib, [], [], []
        for value, kind in zip(args, self.signature):
            if kind == "P":
                address = 0 if value is None else value.ctypes.data
                if value is not None and self.module.guard and value.nbytes:
                    if not value.flags.c_contiguous:
                        raise SimError(f"{self.name}: an array is not contiguous")
                    address = lib.sim_guard_alloc(ctypes.c_size_t(value.nbytes), ctypes.c_size_t(16))
                    ctypes.memmove(address, value.ctypes.data, value.nbytes)
                    ctypes.memset(address + value.nbytes, 0xA5, -value.nbytes % 16)  # what alignment leaves before the guard
                    copies.append((address, value))
                cell = ctypes.c_void_p(address)
            else:
                value = np.asarray(value)
                if f"{value.dtype.kind}{value.dtype.itemsize}" != kind:
                    raise SimError(f"{self.name}: a {value.dtype} for a parameter of type {kind}")
                cell = (ctypes.c_char * value.nbytes).from_buffer_copy(value.tobytes())
            keep.append(cell)
            pointers.append(ctypes.addressof(cell))
        three = lambda dims: (ctypes.c_uint * 3)(*(tuple(map(int, dims)) + (1, 1, 1))[:3])
        message = ctypes.c_char_p()
        failed = lib.sim_launch(self.call, three(grid), three(block), ctypes.c_size_t(shared_mem),
                                (ctypes.c_void_p * len(pointers))(*pointers), ctypes.c_uint64(self.module.seed),
                                ctypes.byref(message))
        for address, value in copies:
            if value.flags.writeable:
                ctypes.memmove(value.ctypes.data, address, value.nbytes)
            if not failed and set(ctypes.string_at(address + value.nbytes, -value.nbytes % 16)) - {0xA5}:
                failed, message.value = 1, b"wrote past the end of an array"
            lib.sim_guard_free(ctypes.c_void_p(address), ctypes.c_size_t(value.nbytes))
        if failed:
            raise SimError(f"{self.name}: {message.value.decode()}")
