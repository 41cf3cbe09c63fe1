"""Bugs in products of exact pairs, residues and elimination."""

from cuda_host.mutants.mutant import planted

__all__ = ["MUTANTS"]

MUTANTS = [
    *planted(
        "golden_exact.cu",
        "golden_exact_multiply",
        (
            "ad alone",
            "out_b[at] = p[k] * s[k] + q[k] * r[k] + bd;",
            "out_b[at] = p[k] * s[k] + bd;",
        ),
        ("the tail forgets bd", "out_a[i] = a[i] * c[i] + bd;", "out_a[i] = a[i] * c[i];"),
    ),
    *planted(
        "golden_exact.cu",
        "golden_exact_images",
        ("one root twice", "(int)least(x + y * u,", "(int)least(x + y * t,"),
    ),
    *planted(
        "golden_exact.cu",
        "golden_exact_reduce",
        ("a quotient that may be off", "return r > half ? r - p :", "return r > p ? r - p :"),
        (
            "the first prime for all",
            "long long p = fields[3 * blockIdx.y];",
            "long long p = fields[0];",
        ),
    ),
    *planted(
        "golden_exact.cu",
        "golden_exact_integers",
        ("the inverse of another", "inverses[j * count + k]", "inverses[j * count + 1]"),
        ("a digit too few", "for (int j = 0; j < k; ++j)", "for (int j = 0; j < k - 1; ++j)"),
    ),
    *planted(
        "golden_exact.cu",
        "golden_exact_det",
        ("a pivot that vanishes", "&& m[found * width + k] == 0) ++found;", "&& false) ++found;"),
        (
            "powers of pivots stay",
            "return modulo(product * modulo.reciprocal(excess));",
            "return product;",
        ),
        ("first barrier of a step lost", "return 0;\n        __syncthreads();", "return 0;"),
        (
            "last barrier of a step lost",
            "excess = modulo(excess * product);\n        __syncthreads();",
            "excess = modulo(excess * product);",
        ),
        ("one pivot too many", "if (k + 1 < n) excess", "excess"),
    ),
    *planted(
        "golden_exact.cu",
        "golden_exact_solve",
        ("rows below alone", "(EVERYWHERE ? 0 : k + 1) + team", "k + 1 + team"),
        ("another's diagonal", "(long long)diagonal[i] * m", "(long long)diagonal[0] * m"),
    ),
]
