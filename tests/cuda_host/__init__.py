"""Runs the project's .cu sources on the CPU, as launchers and tests would on a GPU."""
