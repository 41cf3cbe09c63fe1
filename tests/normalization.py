"""What golden normalizations are, in long double and exact sums, and how near a kernel must come.

Errors are counted in units of the last place (eps) of what the kernels compute with. A channel's
moments are chunks of 8 to 16 values merged pairwise, of values less the channel's first element:
the mean may err by 8 eps of |mean| + deviation, and the variance by 16 eps of itself. An output is
one subtraction of the mean in two words, whose error is some eps of the deviation, one FMA with a
scale that carries half the variance's error, and one rounding: 16 eps of |gamma|·sqrt(target) +
|out - beta| + |beta|, and half a place of its dtype.
"""

import math

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


def assert_moments(device, mean, var, x, exact):
    eps = last_place(acc_dtype(x.dtype))
    mean, var = device.numpy(mean), device.numpy(var)
    assert mean.dtype == var.dtype == acc_dtype(x.dtype)
    assert np.all(np.abs(mean - exact[0]) <= 8 * eps * (np.abs(exact[0]) + np.sqrt(exact[1])))
    assert np.all(np.abs(var - exact[1]) <= 16 * eps * exact[1])


def assert_output(device, out, expected, gamma, beta, dtype):
    eps, place = last_place(acc_dtype(dtype)), last_place(dtype)
    gain, offset = np.abs(gamma[:, None]) * math.sqrt(TARGET), beta[:, None]
    size = gain + np.abs(expected - offset) + np.abs(offset)
    assert out.dtype == dtype
    error = np.abs(device.numpy(out).astype(np.longdouble) - expected)
    floor = 2.0**-24 if dtype.name == "float16" else 0  # its subnormal numbers
    assert np.all(error <= 16 * eps * size + place / 2 * np.abs(expected) + floor)


def row_statistics(x, eps):
    """Mean and 1/sqrt(var+eps) of every row, by exact sums, as long doubles."""
    mean, var = moments(x[None])
    return mean, 1 / np.sqrt(var + np.longdouble(eps))
