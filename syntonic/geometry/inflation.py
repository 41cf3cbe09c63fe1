"""Tilings by inflation: words by substitution, the Fibonacci chain, Penrose's half-tiles.

References
----------
.. [1] R. M. Robinson, "Undecidability and nonperiodicity for tilings of the plane", *Inventiones
   Mathematicae* 12 (1971), 177-209.
.. [2] M. Baake and U. Grimm, *Aperiodic Order*, vol. 1, Cambridge 2013, chapters 4 and 6.
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import index

import numpy as np

from syntonic import linalg
from syntonic.exact.golden import PHI, PHI_INV
from syntonic.geometry.algebras import CYCLOTOMIC5
from syntonic.geometry.rows import distinct, integer_rows, joined, stacked
from syntonic.geometry.tilings import Tiling, powers
from syntonic.tensor import ResonantTensor

__all__ = ["fibonacci_chain", "penrose_inflated", "substitution", "substitution_counts"]

_FIBONACCI = {"L": "LS", "S": "L"}
_MOST_LETTERS = 10**8
_MOST_STEPS = 14
Halves = tuple[ResonantTensor, ResonantTensor]


def substitution(rule: Mapping[str, str], word: str, n: int) -> str:
    """Return a word after n substitutions of every letter by a word.

    Parameters
    ----------
    rule : mapping of str to str
        The word for each letter.
    word : str
        The first word.
    n : int
        How often, at least 0.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        A letter has no word, n is negative, or the result would have more than 10^8 letters;
        `substitution_counts` counts those of any length.

    See Also
    --------
    substitution_counts : the numbers of letters alone.
    fibonacci_chain : L to LS, S to L.

    Examples
    --------
    >>> substitution({"L": "LS", "S": "L"}, "L", 4)
    'LSLLSLSL'
    """
    length = sum(substitution_counts(rule, word, n).values())
    if length > _MOST_LETTERS:
        raise ValueError(
            f"substitution: the word must have at most {_MOST_LETTERS} letters, got more; "
            "substitution_counts counts them"
        )
    table = str.maketrans(dict(rule))
    for _ in range(n):
        word = word.translate(table)
    return word


def substitution_counts(rule: Mapping[str, str], word: str, n: int) -> dict[str, int]:
    """Return how many of each letter a word has after n substitutions, without the word.

    Parameters
    ----------
    rule, word, n
        As in `substitution`.

    Returns
    -------
    dict of str to int

    Raises
    ------
    ValueError
        A letter has no word, or n is negative.

    See Also
    --------
    substitution : the word itself.

    Notes
    -----
    The n-th power of the matrix of counts, by `linalg.matrix_power`.

    Examples
    --------
    >>> substitution_counts({"L": "LS", "S": "L"}, "L", 100)["S"]
    354224848179261915075
    """
    if index(n) < 0:
        raise ValueError(f"substitution: n must be at least 0, got {n}")
    letters = sorted(rule)
    unknown = {*word, *"".join(rule.values())} - {*letters}
    if unknown or any(len(letter) != 1 for letter in letters):
        raise ValueError(
            "substitution: rule must have a word for each single letter, got none for "
            f"{', '.join(sorted(unknown)) or 'some'}"
        )
    matrix = [[rule[made].count(letter) for made in letters] for letter in letters]
    counts = linalg.matrix_power(matrix, n) @ ResonantTensor([word.count(x) for x in letters])
    return {letter: int(x) for letter, x in zip(letters, counts.tolist(), strict=True)}


def fibonacci_chain(n: int) -> ResonantTensor:
    """Return the vertices of the Fibonacci chain after n inflations of one long tile.

    Parameters
    ----------
    n : int
        At least 0. The chain has F(n + 2) tiles, long ones of length φ, short ones of length 1.

    Returns
    -------
    ResonantTensor, shape (F(n + 2) + 1,)
        From 0 to φ^(n + 1).

    Raises
    ------
    ValueError
        n is negative, or there would be more than 10^8 tiles.

    See Also
    --------
    substitution : any rule.
    model_set : the same points by a window.

    Examples
    --------
    >>> [str(x) for x in fibonacci_chain(2).tolist()]
    ['0', 'φ', '1 + φ', '1 + 2φ']
    """
    word = np.frombuffer(substitution(_FIBONACCI, "L", n).encode(), dtype=np.uint8)
    long = (word == ord("L")).astype(np.int64)
    a, b = (np.concatenate([[0], np.cumsum(x)]) for x in (1 - long, long))
    return ResonantTensor.from_lattice(a, b)


def penrose_inflated(n: int) -> Tiling:
    """Return a decagon of a Penrose tiling: ten half-tiles, inflated n times.

    Parameters
    ----------
    n : int
        From 1 to 14. The sides of the decagon have length φ^n.

    Returns
    -------
    Tiling
        Its conjugates have no shift: this is the singular case of `penrose`, where the symmetry
        decides which points on the boundary of a window are vertices.

    Raises
    ------
    ValueError
        n is not from 1 to 14.

    See Also
    --------
    penrose : the same tiles by windows.

    Notes
    -----
    A half-tile (apex, corner, corner) has equal sides of length 1; each inflation makes it φ times
    as large and cuts it into two or three of the old size, mirror images side by side.

    Examples
    --------
    >>> len(penrose_inflated(4).points)
    211
    """
    if not 1 <= index(n) <= _MOST_STEPS:
        raise ValueError(f"penrose_inflated: n must be from 1 to {_MOST_STEPS}, got {n}")
    halves = _sun()
    for _ in range(n):
        halves = _inflated(*halves)
    every = joined(*halves)
    corners = joined(*every.transpose(1, 0, 2), every[:, 1] + every[:, 2] - every[:, 0])
    points = corners[distinct(integer_rows(corners)[0])[0]]
    a, b, _ = points.numerators()
    # φ is 3 modulo 1 - ζ: inflation multiplies the classes by 3.
    classes = ((a + 3 * b).sum(axis=1) + 3 ** (n + 1)) % 5
    return Tiling(points, points.galois_conjugate(), classes, powers())


def _sun() -> Halves:
    """Return ten thin half-tiles around 0, each the mirror image of its neighbours."""
    zeta = CYCLOTOMIC5.table[1]
    half_turn = -(zeta @ zeta @ zeta)  # -ζ³ = e^(iπ/5)
    rim = [ResonantTensor([1, 0])]
    for _ in range(10):
        rim.append(rim[-1] @ half_turn)
    pairs = [(rim[k], rim[k + 1]) if k % 2 else (rim[k + 1], rim[k]) for k in range(10)]
    origin = ResonantTensor([0, 0])
    thin = stacked(stacked([origin, b, c]) for b, c in pairs)
    return thin, thin[:0]


def _inflated(thin: ResonantTensor, thick: ResonantTensor) -> Halves:
    a, b, c = (PHI * thin[:, k] for k in range(3))
    p = a + (b - a) * PHI_INV
    d, e, f = (PHI * thick[:, k] for k in range(3))
    q, r = e + (d - e) * PHI_INV, e + (f - e) * PHI_INV
    thin_ones = [(c, p, b), (r, q, d)]
    thick_ones = [(p, c, a), (r, f, d), (q, r, e)]
    return (
        joined(*(stacked(each, axis=1) for each in thin_ones)),
        joined(*(stacked(each, axis=1) for each in thick_ones)),
    )
