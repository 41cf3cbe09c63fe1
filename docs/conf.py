"""How Sphinx builds the site: python -m sphinx -W -b html docs OUT, with the extra `docs`."""

import re

from syntonic import __version__

project = "syntonic"
author = "the authors of syntonic"
copyright = "the authors of syntonic; MIT licence"
version = release = __version__

extensions = ["myst_nb", "numpydoc", "sphinx.ext.autodoc", "sphinx.ext.viewcode"]
exclude_patterns = ["_build"]
suppress_warnings = ["ref.citation"]  # what a docstring lists need not be cited in it
default_role = "py:obj"
smartquotes = False  # φ' is the conjugate of φ
toc_object_entries_show_parents = "hide"

html_theme = "pydata_sphinx_theme"
html_title = "syntonic"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_context = {"default_mode": "auto"}
html_show_sourcelink = False
html_theme_options = {
    "logo": {"text": "syntonic"},
    "github_url": "https://github.com/syntonic/syntonic",
    "show_nav_level": 1,
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_sidebars = {page: [] for page in ("index", "tutorial", "claims", "comparison", "performance")}

myst_enable_extensions = ["deflist", "colon_fence"]
myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 600
nb_mime_priority_overrides = [("html", "text/latex", None)]  # which MathJax would be fetched for

autodoc_member_order = "groupwise"
autodoc_typehints = "none"  # the docstrings say what goes in and out
autodoc_mock_imports = ["cupy"]  # documented where it is not installed
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

linkcheck_ignore = [r"https://github\.com/syntonic/syntonic.*"]


def escape(line):
    """What docstrings mean as it stands and reStructuredText takes for markup: |x|, F_, (N, *)."""
    parts = re.split(r"(`[^`]*`)", line)
    for i in range(0, len(parts), 2):
        parts[i] = re.sub(r"(?<!\\)\|", r"\|", parts[i])
        parts[i] = re.sub(r"(?<!\S)\*(?=[\s,)]|$)", r"\*", parts[i])
        parts[i] = re.sub(r"(\[\d\])_", r"\1", parts[i])  # a reference, which numpydoc would rename
        parts[i] = re.sub(r"_(?!\w)", r"\_", parts[i])
    return "".join(parts)


SKIPS = {">>> import pytest"}
SKIPS |= {f'>>> _ = pytest.importorskip("{name}")' for name in ("matplotlib", "plotly", "zarr")}


def without_skips(line):
    """What an example says for the tests: an import that skips where a package is missing."""
    return re.sub(r'>>> (\w+) = pytest\.importorskip\("\1"\)', r">>> import \1", line)


def plain(app, what, name, obj, options, lines):
    """Escape the text of a docstring, not its examples; a module's headings are no sections."""
    example = False
    lines[:] = [without_skips(line) for line in lines if line.strip() not in SKIPS]
    for i, line in enumerate(lines):
        example = line.strip().startswith(">>>") or (example and bool(line.strip()))
        if not example:
            lines[i] = escape(line)
        if what == "module" and i and re.fullmatch("-{3,}", line):
            lines[i - 1 : i + 1] = [f".. rubric:: {lines[i - 1]}", ""]


def plain_bars(app, what, name, obj, options, lines):
    """Escape what numpydoc has fetched from the docstrings of attributes."""
    lines[:] = [re.sub(r"(?<!\\)\|", r"\|", line) if "|n|" in line else line for line in lines]


def no_aliases(app, what, name, obj, skip, options):
    """Leave out the fields of named tuples that say nothing but their number."""
    alias = (getattr(obj, "__doc__", None) or "").startswith("Alias for field number")
    return True if alias else None


def short_defaults(app, what, name, obj, options, signature, returned):
    """Name the defaults whose representations are long."""
    if signature is None:
        return None
    signature = re.sub(r"algebra=\('(\w+)',.*\)\)$", r"algebra=\1)", signature, flags=re.S)
    return re.sub(r"<class '([\w.]+)'>", r"\1", signature), returned


def close_sessions(app, name, source):
    """Drop the blank line that ends a session for doctest."""
    source[0] = re.sub(r"\n\n( *```\n)", r"\n\1", source[0])


def setup(app):
    app.connect("autodoc-process-signature", short_defaults)
    app.connect("autodoc-skip-member", no_aliases)
    app.connect("source-read", close_sessions)
    app.connect("autodoc-process-docstring", plain, priority=100)  # before numpydoc
    app.connect("autodoc-process-docstring", plain_bars, priority=900)
