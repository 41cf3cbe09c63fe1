"""What golden normalizations are, in long double and exact sums, and how near a kernel must come.

Errors are counted in units of the last place (eps) of what the kernels compute with. A channel's
moments are chunks of 8 to 16 values merged pairwise, of values less the channel's first element:
the mean may err by 8 eps of |mean| + deviation, and the variance by 16 eps of itself. An output is
one subtraction of the mean in two words, whose error is some eps of the deviation, one FMA with a
scale that carries half the variance's error, and one rounding: 16 eps of |gamma|·sqrt(target) +
|out - beta| + |beta|, and half a place of its dtype.
"""

import math
from fractions import Fraction

import numpy as np

from syntonic.flux.cuda.source import acc_dtype

TARGET = 2 / (1 + math.sqrt(5))
EPS = 1e-5


def last_place(dtype):
    """Relative spacing of a dtype's numbers."""
    return {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}[
        dtype.name
    ]


def moments(x):
    """Mean and population variance of every channel, by exact sums, as long doubles."""
    means, variances = [], []
    for channel in np.moveaxis(x.astype(np.float64), 1, 0):
        values = [float(v) for v in channel.reshape(-1)]
        mean = np.longdouble(math.fsum(values)) / len(values)
        rest = np.array(values, np.longdouble) - mean
        mean += rest.mean()
        means.append(mean)
        variances.append(math.fsum(map(float, (rest - rest.mean()) ** 2)) / len(values))
    return np.array(means), np.array(variances, np.longdouble)


def normalized(x, mean, var, target, eps, gamma=None, beta=None):
    """The definition, in long double."""
    mean, var = (np.asarray(v, np.longdouble)[:, None] for v in (mean, var))
    scale = np.sqrt(np.longdouble(target) / (var + np.longdouble(eps)))
    out = (x.astype(np.longdouble) - mean) * scale
    out = out if gamma is None else out * gamma.astype(np.longdouble)[:, None]
    return out if beta is None else out + beta.astype(np.longdouble)[:, None]


def inputs(random, shape, dtype, affine=True):
    """An array and its gamma and beta."""
    acc = acc_dtype(np.dtype(dtype))
    x = (random.normal(size=shape) * 2 + 3).astype(dtype)
    gamma, beta = random.normal(size=(2, shape[1])).astype(acc)
    return (x, gamma, beta) if affine else (x, None, None)


def on(device, *arrays):
    return tuple(None if a is None else device.array(a, a.dtype) for a in arrays)


def assert_moments(device, statistics, x, exact):
    """The four rows of a batch norm's statistics."""
    eps, (mean, var) = last_place(acc_dtype(x.dtype)), exact
    got = device.numpy(statistics)
    assert got.dtype == np.float64
    error = np.abs(got[0].astype(np.longdouble) + got[1] - mean)
    assert np.all(error <= 8 * eps * np.sqrt(var) + np.abs(mean) * np.longdouble(2) ** -62)
    assert np.all(np.abs(got[2] - var) <= 16 * eps * var)
    assert np.all(np.abs(got[3] - np.sqrt(var)) <= 8 * eps * np.sqrt(var))


def statistics_of(mean, var):
    """Statistics of channels as batch norms keep and take them, from their moments."""
    mean, var = (np.asarray(v, np.longdouble) for v in (mean, var))
    high = mean.astype(np.float64)
    return np.array([high, mean - high, var, np.sqrt(var)], np.float64)


def row_statistics_of(mean, var, eps):
    """The same of rows, for layer norms."""
    rows = statistics_of(mean, np.asarray(var, np.longdouble) + np.longdouble(eps))
    return rows[[0, 1, 3]]


def assert_output(device, out, expected, gamma, beta, dtype):
    eps, place = last_place(acc_dtype(dtype)), last_place(dtype)
    gain, offset = np.abs(gamma[:, None]) * math.sqrt(TARGET), beta[:, None]
    size = gain + np.abs(expected - offset) + np.abs(offset)
    assert out.dtype == dtype
    error = np.abs(device.numpy(out).astype(np.longdouble) - expected)
    floor = 2.0**-24 if dtype.name == "float16" else 0  # its subnormal numbers
    assert np.all(error <= 16 * eps * size + place / 2 * np.abs(expected) + floor)


def row_statistics(x, eps):
    """Mean and sqrt(var+eps) of every row, by exact sums, as long doubles."""
    mean, var = moments(x[None])
    return mean, np.sqrt(var + np.longdouble(eps))


# -- hard rows: whatever is finite must come out right ---------------------------------------
FORMATS = {  # of a dtype: exponents of the least normal and of the largest number
    "float64": (-1022, 1023),
    "float32": (-126, 127),
    "bfloat16": (-126, 127),
    "float16": (-14, 15),
}


def hard_rows(dtype, cols):
    """Rows of a dtype whose range or mean is hard on sums, shape (rows, cols), the same each time.

    Magnitudes from the least normal to the largest number, and no subnormal number, which CUDA's
    float32 takes for 0; means up to 1e8 deviations; one outlier, first, in the middle or last;
    numbers one apart, between which the mean lies. Constant rows: `constant_rows`.
    """
    dtype = np.dtype(dtype)
    random = np.random.default_rng([cols, 5])
    least, largest = FORMATS[dtype.name]
    signed = random.uniform(1, 2, cols) * random.choice([-1.0, 1.0], cols)
    exponents = sorted({least, least // 2, -20, 0, 20, largest // 2, largest})
    rows = [np.ldexp(signed, e) for e in exponents if least <= e <= largest]
    largest_number = (2 - last_place(dtype)) * 2.0**largest
    rows.append(np.where(signed > 1.5, largest_number, -largest_number))
    normal = random.normal(size=cols)
    for ratio in (1e2, 1e4, 1e6, 1e8):
        if ratio < 2.0 ** (largest - 2):
            rows += [normal + ratio, -np.abs(normal) - ratio]
    for at, size in ((0, 20), (cols // 2, largest - 1), (cols - 1, 20), (0, largest)):
        row = normal + 3
        row[at] = 2.0 ** min(size, largest)
        rows.append(row)
    step = last_place(dtype)
    rows.append(1 + step * (np.arange(cols) % 2))
    rows.append(1 + step * (np.arange(cols) == cols // 3))
    rows.append(np.ldexp(1 + step * (np.arange(cols) % 2), largest))
    out = np.clip(np.array(rows), -largest_number, largest_number).astype(dtype)
    tiny = np.abs(out.astype(np.float64)) < 2.0**least
    return np.where(tiny, dtype.type(0), out)


def constant_rows(dtype, cols):
    """Rows of one number each: 0, ordinary, the least normal and the largest one."""
    dtype = np.dtype(dtype)
    least, largest = FORMATS[dtype.name]
    values = (0.0, 12345.678, -(2.0**least), (2 - last_place(dtype)) * 2.0**largest)
    return np.repeat(np.array(values)[:, None], cols, 1).astype(dtype)


class ExactRow:
    """Mean and population variance of a row as Fractions; what follows of them in long double.

    Parameters
    ----------
    row
        Finite numbers of any of the dtypes.
    eps
        What is added to the variance: a number of what is computed with.
    """

    def __init__(self, row, eps=0.0):
        parts, powers = np.frexp(np.asarray(row).astype(np.float64))
        self._power = int(powers.min(initial=0)) - 53
        numbers = zip(np.ldexp(parts, 53).tolist(), powers.tolist(), strict=True)
        whole = [int(part) << power - 53 - self._power for part, power in numbers]
        total, n = sum(whole), len(whole)
        self._rest = [n * v - total for v in whole]  # n times the deviations
        unit = Fraction(2) ** self._power
        self.mean = Fraction(total, n) * unit
        self.var = Fraction(n * sum(v * v for v in whole) - total * total, n * n) * unit**2
        self.size = n
        self._root, self._bits = _root(self.var + Fraction(float(eps)))

    @property
    def deviation(self):
        """The root of var + eps."""
        return _scaled([self._root], -self._bits)[0]

    def normalized(self):
        """(x - mean)/deviation: to 2^-64 of itself or 2^-100; NaN for 0/0."""
        if not self._root:
            return np.full(self.size, np.nan, np.longdouble)
        shift = 100 + self._bits + self._power
        above, below = 1 << max(shift, 0), self.size * self._root << max(-shift, 0)
        return _scaled([v * above // below for v in self._rest], -100)


def _root(square):
    """The root of a Fraction as an integer of 128 bits and more, times a power of two: -bits."""
    size = square.numerator.bit_length() - square.denominator.bit_length()
    bits = 128 - size // 2
    above, below = 1 << max(2 * bits, 0), 1 << max(-2 * bits, 0)
    return math.isqrt(square.numerator * above // (square.denominator * below)), bits


def _scaled(integers, power):
    """Integers below 2^1000 as long doubles, times a power of two."""
    high = [float(v) for v in integers]
    low = [float(v - int(h)) for v, h in zip(integers, high, strict=True)]
    return np.ldexp(np.array(high, np.longdouble) + np.array(low, np.longdouble), power)


def exact_normalized(x, eps):
    """(x - mean)/sqrt(var + eps) by rows, and the denominators, as long doubles."""
    rows = [ExactRow(row, eps) for row in x]
    return (
        np.array([row.normalized() for row in rows]).reshape(x.shape),
        np.array([row.deviation for row in rows], np.longdouble),
    )


def row_gradients_of(grad, normalized, deviation, target, gamma=None):
    """The gradients of rows, of gamma and of beta, and the sizes of their terms, in long double."""
    grad, gain = grad.astype(np.longdouble), np.sqrt(np.longdouble(target))
    h = grad if gamma is None else grad * gamma.astype(np.longdouble)
    along, across = h.mean(1, keepdims=True), (h * normalized).mean(1, keepdims=True)
    scale = gain / deviation[:, None]
    dx = scale * (h - along - normalized * across)
    sizes = np.abs(h).mean(1, keepdims=True), np.abs(h * normalized).mean(1, keepdims=True)
    size = scale * (np.abs(h) + sizes[0] + (np.abs(normalized) + 1) * (sizes[0] + sizes[1]))
    weighed = grad * normalized
    sums = (gain * weighed.sum(0), grad.sum(0))
    terms = (gain * (np.abs(weighed) + np.abs(grad)).sum(0), np.abs(grad).sum(0))
    return (dx, *sums), (size, *terms)


def assert_within(got, exact, size, dtype, ulps=8):
    """Within so many ulps of `size`, in what is computed with, and half an ulp of what is stored.

    What exceeds the largest number is infinite; what is below the least normal one may be 0.
    """
    dtype = np.dtype(dtype)
    least, largest = FORMATS[dtype.name]
    got = np.asarray(got).astype(np.longdouble)
    bound = ulps * last_place(acc_dtype(dtype)) * size + last_place(dtype) / 2 * np.abs(exact)
    bound = bound + np.longdouble(2) ** least
    beyond = np.abs(exact) + bound >= (2 - last_place(dtype)) * np.longdouble(2) ** largest
    right = (np.abs(got - exact) <= bound) | (beyond & (got == np.copysign(np.inf, exact)))
    right |= np.isnan(got) & np.isnan(exact)
    where = np.argwhere(~right)[:3].tolist()
    assert right.all(), (where, got[~right][:3], exact[~right][:3], (bound + 0 * exact)[~right][:3])
