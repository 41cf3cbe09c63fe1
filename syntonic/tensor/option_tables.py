"""Three tables that name every parameter of every supported function of NumPy.

`EXACT` gives the rule that turns an argument into what the exact form understands; `NEEDLESS` the
check of one that cannot change an exact result, after which it is left out; `REFUSED` the reason
why one must keep its default. A key is a parameter's name, or "function:parameter" where that
function differs; the methods of all ufuncs are the functions "ufunc.call", "ufunc.reduce" and so
on.
"""

from __future__ import annotations

import numpy as np

from syntonic.tensor import option_rules as rules
from syntonic.tensor.option_rules import Rule

__all__ = ["EXACT", "NEEDLESS", "REFUSED"]

_SEVERAL_AXES = (
    "all amax amin any average count_nonzero expand_dims flip "
    "linalg.norm linalg.vector_norm "
    "lib.stride_tricks.sliding_window_view max mean median min nanmax nanmean nanmedian nanmin "
    "nanprod nansum nanvar prod ptp roll size squeeze sum trim_zeros ufunc.accumulate "
    "ufunc.reduce var"
).split()
_EMPTY = np.empty(1, dtype=object)

EXACT: dict[str, Rule] = {
    **dict.fromkeys(
        "A a a1 a2 a_max a_min append ar ar1 ar2 arr array ary b bins c default element fill_value "
        "filt m max mean min p prepend prototype seq_of_zeros test_elements to_begin to_end v val "
        "values weights x x1 x2 y".split(),
        rules.operand,
    ),
    **dict.fromkeys(
        "arrays arys choicelist choices ix_:args keys pts tup xi".split(), rules.operands
    ),
    "broadcast_arrays:args": rules.operands,
    "block:arrays": rules.nested,
    "einsum:operands": rules.summands,
    "einsum_path:operands": rules.shapes,
    **dict.fromkeys(
        "choose:a condlist func func1d indexing indices indices_or_sections kth mode n obj "
        "pad_width repeats reps shift side sorter trim "
        "einsum_path:optimize einsum_call max_line_width ord precision suppress_small separator "
        "prefix style formatter threshold edgeitems sign floatmode suffix legacy".split(),
        rules.as_given,
    ),
    **dict.fromkeys("N decimals diff:n ind k offset polyder:m start".split(), rules.integer),
    **dict.fromkeys("new_shape newshape shape window_shape".split(), rules.shape),
    **dict.fromkeys("correction ddof".split(), rules.rational),
    **dict.fromkeys("axis axis1 axis2 axisa axisb axisc".split(), rules.axis),
    **dict.fromkeys((f"{name}:axis" for name in _SEVERAL_AXES), rules.axes),
    **dict.fromkeys("axes destination source".split(), rules.axes),
    **dict.fromkeys(("tensordot:axes", "linalg.tensordot:axes"), rules.axes_of_both),
    **dict.fromkeys(
        "assume_unique include_initial increasing invert keepdims return_counts return_index "
        "return_indices return_inverse returned right sparse".split(),
        rules.flag,
    ),
    "astype:dtype": rules.element_type,
    "condition": rules.condition,
    "descending": rules.flag_or_none,
    "initial": rules.start,
    "where": rules.mask,
    "ravel:order": rules.reading_order,
    "reshape:order": rules.reading_order,
    "pad:mode": rules.padding,
    "pad:kwargs": rules.padding_options,
    "piecewise:funclist": rules.pieces,
    **dict.fromkeys(
        "apply_along_axis:args apply_along_axis:kwargs piecewise:args piecewise:kw".split(),
        rules.arguments,
    ),
}

NEEDLESS: dict[str, Rule] = {
    **dict.fromkeys(
        "copy equal_nan isin:assume_unique nan neginf overwrite_input posinf real_if_close:tol "
        "sorted subok".split(),
        rules.anything,
    ),
    "casting": rules.as_numpy(lambda value: np.can_cast(object, object, value)),
    "device": rules.on_cpu,
    "dtype": rules.object_dtype,
    "isin:kind": rules.as_numpy(lambda value: np.isin([0], [0], kind=value)),
    "kind": rules.as_numpy(lambda value: np.sort(_EMPTY, kind=value)),
    "optimize": rules.path,
    "order": rules.layout,
    "out": rules.no_out,
    "requirements": rules.requirements,
    "stable": rules.flag_or_none,
    "writeable": rules.read_only,
    **dict.fromkeys(
        ("argpartition:kind", "partition:kind"),
        rules.as_numpy(lambda value: np.partition(_EMPTY, 0, kind=value)),
    ),
}

_TOLERANCE = "an exact rank needs no tolerance and no eigenvalues"
_FIELDS = "exact numbers have no fields to sort by"

REFUSED: dict[str, str] = {
    **dict.fromkeys(("tol", "rtol", "hermitian"), _TOLERANCE),
    **dict.fromkeys(
        (f"{name}:order" for name in ("argpartition", "argsort", "partition", "sort")), _FIELDS
    ),
    "like": "a tensor cannot become an array of another kind; np.asarray(t) is an object array",
    "ufunc.call:where": "the other places would hold anything; np.where(mask, f(x), x) sets them",
    "ufunc.call:axes": "np.moveaxis brings the axes to where they are summed",
    **dict.fromkeys(
        ("ufunc.call:sig", "ufunc.call:signature"),
        "an exact operation has one form, not a loop for each type",
    ),
}
