"""Dask's arrays of exact tensors and of flux; all of it is left out where there is no Dask."""

import pytest

pytest.importorskip("dask.array", reason="needs Dask: pip install syntonic[dask]")
