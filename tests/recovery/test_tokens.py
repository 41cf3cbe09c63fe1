"""Printed decimals: exact values, how many decimals count, and what is refused."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syntonic.errors import FormatError, ShapeError, SyntonicError
from syntonic.recovery.tokens import Tokens, printed_rows


def tokens(*texts):
    return Tokens(tuple((text,) for text in texts))


@given(st.decimals(allow_nan=False, allow_infinity=False, places=7))
def test_values_are_exact(x):
    text = f"{x:f}"
    assert tokens(text).values[text] == Fraction(x)


@pytest.mark.parametrize(
    ("texts", "decimals"),
    [
        (["0.8", "1.30"], 2),
        (["3", "-4"], 0),
        (["8.09e-1"], 3),
        (["8.09E+1"], 1),
        (["809e-3"], 3),
        (["1e3"], 0),
        ([".5", "2."], 1),
        (["0.000", "1.5"], 3),
        # 15 significant digits of the largest value
        (["0.8090169943749475"], 15),
        (["1.618033988749895"], 14),
        (["0.8090169943749475", "1.3"], 14),
        (["0.8090169943749475", "123.4"], 12),
        (["0.0618033988749894848"], 16),
        (["999999999999999.4142"], 0),
        (["10000000000000000.25"], -2),
        # noise of a few ulp where 0 is meant
        (["0.809", "6.123233995736766e-17"], 3),
        (["0.809", "0.00000000000000006"], 3),
        (["0.809", "-1e-14"], 14),
        (["0.0", "0.00"], 2),
    ],
)
def test_decimals(texts, decimals):
    assert tokens(*texts).decimals == decimals


@given(st.integers(1, 10**30), st.integers(-40, 40))
def test_the_cap_leaves_fifteen_digits(mantissa, exponent):
    text = f"{mantissa}.{'1' * 90}e{exponent}"
    found = tokens(text)
    unit = Fraction(10) ** -found.decimals
    assert 10**14 <= found.values[text] / unit < 10**15


def test_sizes_merge_spellings_and_signs():
    found = tokens("0.50", "-0.5", "5e-1", "-0.0", "0", "+0.5", "1.3")
    assert found.sizes == (Fraction(1, 2), Fraction(0), Fraction(13, 10))
    assert found.counts["-0.5"] == 1


@pytest.mark.parametrize(
    ("texts", "halves"),
    [(["0.5", "-0.0", "2", "1.500"], True), (["5e-1", "1e2"], True), (["0.5", "0.25"], False)],
)
def test_multiples_of_one_half(texts, halves):
    assert tokens(*texts).are_halves is halves


def test_index_gives_the_rows_back():
    rows = (("1.0", "0.8"), ("0.8", "-0.8"))
    found = Tokens(rows)
    distinct = list(found.counts)
    assert tuple(tuple(distinct[k] for k in row) for row in found.index) == rows


def test_rows_of_every_accepted_kind():
    data = [["0.5", 1, 0.1 + 0.2], (np.float64(0.1), np.float32(0.1), np.int64(-3))]
    rows = (("0.5", "1", "0.30000000000000004"), ("0.1", "0.1", "-3"))
    assert printed_rows(data) == rows
    assert printed_rows(np.array([[0.1, -0.0], [1e-17, 2.0]])) == (
        ("0.1", "-0.0"),
        ("1e-17", "2.0"),
    )
    assert printed_rows(iter([[Decimal("1.50"), " 2 "]])) == (("1.50", "2"),)
    assert printed_rows([["1" * 999]]) == (("1" * 999,),)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        (Decimal("NaN"), "NaN"),
        ("abc", "'abc'"),
        ("", "''"),
        ("0x1p3", "'0x1p3'"),
        ("1_000", "'1_000'"),
        ("1/2", "'1/2'"),
        ("1,5", "'1,5'"),
        ("٣", "'٣'"),
        ("1e9999", "'1e9999'"),
        ("1" * 2000, "at most 1000"),
        (True, "bool"),
        (None, "NoneType"),
        (1j, "complex"),
        (Fraction(1, 3), "Fraction"),
        (["1"], "list"),
    ],
)
def test_a_bad_coordinate_is_named_with_its_place(bad, said):
    with pytest.raises(FormatError, match="row 1, column 2: ") as caught:
        printed_rows([["0", "1", "2"], ["0", "1", bad]])
    assert said in str(caught.value)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([], "at least one point"),
        ([[]], "positive number of coordinates"),
        ([["1", "2"], ["3"]], "2 in row 0 and 1 in row 1"),
        ("0.5", "got str"),
        (["0.5", "1"], "row 0 must be a sequence"),
        ([0.5, 1.5], "row 0 must be a sequence"),
        (np.array([0.5, 1.5]), "row 0 must be a sequence"),
        (np.array(0.5), "got ndarray"),
        (3, "got int"),
        (None, "got NoneType"),
    ],
)
def test_bad_shapes(data, said):
    with pytest.raises(ShapeError, match=said) as caught:
        printed_rows(data)
    assert isinstance(caught.value, (SyntonicError, ValueError))
