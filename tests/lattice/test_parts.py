"""What arrays of parts are asked: checked against Python's integers."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from syntonic.lattice import parts

DIVISORS = [1, 2, 3, 4, 6, 12, 15, 2**40, 2**62, 2**62 - 1, 3**20 * 2**20, 10**18]


@pytest.mark.parametrize("d", DIVISORS)
def test_common_divisor_of_numerators_and_denominator(d):
    draw = random.Random(d)
    for factor in sorted({math.gcd(d, k) for k in (1, 2, 3, 4, 12, 2**40, 3**5, d)}):
        for size in (0, 1, 2, 17):
            most = 2**63 // factor
            a, b = (
                np.array([factor * draw.randrange(-most, most) for _ in range(size)], np.int64)
                for _ in range(2)
            )
            expected = math.gcd(d, *a.tolist(), *b.tolist())
            assert parts.common_divisor(a, b, d) == expected
            if size == 1:
                assert parts.common_divisor(a[0, ...], b.reshape(()), d) == expected


@pytest.mark.parametrize("d", DIVISORS)
def test_common_divisor_with_the_least_int64(d):
    least = np.array([-(2**63)])
    assert parts.common_divisor(least, 0 * least, d) == math.gcd(d, 2**63)
    assert parts.common_divisor(least + 1, least, d) == math.gcd(d, 2**63, 2**63 - 1)
