"""Functions of elements: of one argument, and of two that are broadcast."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from syntonic.tensor import ResonantTensor
from syntonic.xp.wrapping import binary, unary

__all__ = [
    "abs",
    "acos",
    "acosh",
    "add",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "bitwise_and",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "ceil",
    "conj",
    "copysign",
    "cos",
    "cosh",
    "divide",
    "equal",
    "exp",
    "expm1",
    "floor",
    "floor_divide",
    "greater",
    "greater_equal",
    "hypot",
    "imag",
    "isfinite",
    "isinf",
    "isnan",
    "less",
    "less_equal",
    "log",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "maximum",
    "minimum",
    "multiply",
    "negative",
    "nextafter",
    "not_equal",
    "positive",
    "pow",
    "real",
    "reciprocal",
    "remainder",
    "round",
    "sign",
    "signbit",
    "sin",
    "sinh",
    "sqrt",
    "square",
    "subtract",
    "tan",
    "tanh",
    "trunc",
]

Unary = Callable[[Any], ResonantTensor]
Binary = Callable[[Any, Any], ResonantTensor]
Judged = Callable[[Any], Any]
"""To truth values, or on integers."""
Compared = Callable[[Any, Any], Any]

abs: Unary = unary("abs")
acos: Unary = unary("acos")
acosh: Unary = unary("acosh")
add: Binary = binary("add")
asin: Unary = unary("asin")
asinh: Unary = unary("asinh")
atan: Unary = unary("atan")
atan2: Binary = binary("atan2")
atanh: Unary = unary("atanh")
bitwise_and: Compared = binary("bitwise_and")
bitwise_invert: Judged = unary("bitwise_invert")
bitwise_left_shift: Compared = binary("bitwise_left_shift")
bitwise_or: Compared = binary("bitwise_or")
bitwise_right_shift: Compared = binary("bitwise_right_shift")
bitwise_xor: Compared = binary("bitwise_xor")
ceil: Unary = unary("ceil")
conj: Unary = unary("conj")
copysign: Binary = binary("copysign")
cos: Unary = unary("cos")
cosh: Unary = unary("cosh")
divide: Binary = binary("divide")
equal: Compared = binary("equal")
exp: Unary = unary("exp")
expm1: Unary = unary("expm1")
floor: Unary = unary("floor")
floor_divide: Binary = binary("floor_divide")
greater: Compared = binary("greater")
greater_equal: Compared = binary("greater_equal")
hypot: Binary = binary("hypot")
imag: Unary = unary("imag")
isfinite: Judged = unary("isfinite")
isinf: Judged = unary("isinf")
isnan: Judged = unary("isnan")
less: Compared = binary("less")
less_equal: Compared = binary("less_equal")
log: Unary = unary("log")
log10: Unary = unary("log10")
log1p: Unary = unary("log1p")
log2: Unary = unary("log2")
logaddexp: Binary = binary("logaddexp")
logical_and: Compared = binary("logical_and")
logical_not: Judged = unary("logical_not")
logical_or: Compared = binary("logical_or")
logical_xor: Compared = binary("logical_xor")
maximum: Binary = binary("maximum")
minimum: Binary = binary("minimum")
multiply: Binary = binary("multiply")
negative: Unary = unary("negative")
nextafter: Binary = binary("nextafter")
not_equal: Compared = binary("not_equal")
positive: Unary = unary("positive")
pow: Binary = binary("pow")
real: Unary = unary("real")
reciprocal: Unary = unary("reciprocal")
remainder: Binary = binary("remainder")
round: Unary = unary("round")
sign: Unary = unary("sign")
signbit: Judged = unary("signbit")
sin: Unary = unary("sin")
sinh: Unary = unary("sinh")
sqrt: Unary = unary("sqrt")
square: Unary = unary("square")
subtract: Binary = binary("subtract")
tan: Unary = unary("tan")
tanh: Unary = unary("tanh")
trunc: Unary = unary("trunc")
