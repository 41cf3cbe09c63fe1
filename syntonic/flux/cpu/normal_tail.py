"""The polynomials of the normal distribution's tail.

With Q(a) = erfc(a/√2)/2 for a >= 0 and k = TAIL_CENTRE,

    Q(a) = exp(-a²/2) F(t)/(a + k),    t = (a - k)/(a + k) = 1 - 2k/(a + k),

and F, which varies between k/2 and 1/√(2π), is interpolated in Chebyshev's points of the t that
belong to 0 <= a <= 15 (float32) and 0 <= a <= 40 (float64), where Q underflows. The relative errors
are below 2^-28 and 2^-57; the tests compute the coefficients again.

References
----------
M. M. Shepherd, J. G. Laframboise, "Chebyshev approximation of (1 + 2x)exp(x²)erfc x in
0 <= x < ∞", Math. Comp. 36 (1981), 249-253: the same map of the half-line.
"""

from __future__ import annotations

__all__ = ["TAIL_CENTRE", "TAIL_F32", "TAIL_F64"]

TAIL_CENTRE = 4
"""k, a power of two: 2k times a float is exact."""

TAIL_F32 = (
    0.7552851306230107,
    -0.6078966590908522,
    0.3871373679985599,
    -0.18652128140252128,
    0.06039753308782922,
    -0.00754526826571505,
    -0.003489317276115056,
    0.001645219297359636,
    0.00017105461158686258,
    -0.0002317986783423407,
    -5.1556593298561416e-05,
)
"""Coefficients of F, lowest power first."""

TAIL_F64 = (
    0.7552851304157515,
    -0.6078966419718921,
    0.38713740074221453,
    -0.18652185795965745,
    0.06039657489093769,
    -0.007540188966719381,
    -0.003479692367412914,
    0.0016308184574697466,
    0.0001333443125592139,
    -0.00023109493413064064,
    -1.9082589727909575e-06,
    3.514468067075562e-05,
    7.166661392310459e-07,
    -5.920156161474508e-06,
    -6.296896838092998e-07,
    1.0215205012909071e-06,
    2.717809948345e-07,
    -1.549271323887327e-07,
    -8.536991353342608e-08,
    1.32610923300199e-08,
    1.9587727444446167e-08,
    1.917695265350152e-09,
    -2.511372928694166e-09,
    -7.227674920350449e-10,
)
