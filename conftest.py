"""What of the package pytest leaves out where an extra is missing: doctests import their file."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("torch") else ["syntonic/torch"]
