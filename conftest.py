"""What of the package pytest leaves out where an extra is missing: doctests import their file."""

from importlib.util import find_spec

_NEEDED = {"syntonic/torch": "torch", "syntonic/jax": "jax", "syntonic/dask": "dask"}
collect_ignore = [path for path, package in _NEEDED.items() if find_spec(package) is None]
