"""Runs the project's .cu sources on the CPU, as launchers and tests would on a GPU.

`machine.cpp`, `memory.cpp` and `sanitizer.cpp` run a block's threads as fibers and report what goes
wrong; `include/` teaches g++ the dialect of CUDA; `build.py` compiles, `memory.py` guards arrays,
`simulator.py` checks and launches, `runtime.py` stands behind the launchers, `devices.py` behind
the fixture `device`. `calls/` runs every launcher, `mutants/` holds the bugs that must be
noticed.
"""
