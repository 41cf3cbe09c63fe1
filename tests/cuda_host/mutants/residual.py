"""Bugs in element-wise kernels and φ-residual connections."""

from cuda_host.mutants.mutant import planted

__all__ = ["MUTANTS"]

MUTANTS = [
    *planted(
        "map.cuh",
        "residual",
        (
            "packs rounded up",
            "packs = (unsigned long long)n / SRT_VEC",
            "packs = (unsigned long long)(n + SRT_VEC - 1) / SRT_VEC",
        ),
        (
            "tail from the second",
            "packs * SRT_VEC + threadIdx.x, n, f)",
            "packs * SRT_VEC + threadIdx.x + 1, n, f)",
        ),
        ("unit <=", "if (at >= units) return;", "if (at > units) return;"),
        (
            "one unit of two",
            "(blockDim.x * SRT_MAP_UNITS) + threadIdx.x",
            "blockDim.x + threadIdx.x",
        ),
    ),
    *planted(
        "map.cuh",
        "residual_odd",
        (
            "inputs' alignment forgotten",
            "for (int k = 0; k < IN; ++k) bits |= bits_of(in[k]);",
            ";",
        ),
        (
            "every other single",
            "i < SRT_MAP_UNITS * SRT_VEC; i += singles)",
            "i < SRT_MAP_UNITS * SRT_VEC; i += 2 * singles)",
        ),
    ),
    *planted(
        "residual_mode.cuh",
        "residual",
        (
            "operands swapped",
            "srt_fma(residual, inner, identity), outer",
            "srt_fma(identity, inner, residual), outer",
        ),
        ("gradient without 1/φ", "return g * (inner * outer);", "return g * outer;"),
    ),
    *planted(
        "phi_residual.cu",
        "residual_relu",
        (
            "gradient at zero",
            "x[1] <= (acc_t)0 ? (acc_t)0 : x[0]",
            "x[1] < (acc_t)0 ? (acc_t)0 : x[0]",
        ),
    ),
    *planted(
        "phi_residual.cu",
        "residual_gelu",
        ("sign of the density", "(acc_t)-0.5 * s * s", "(acc_t)0.5 * s * s"),
    ),
    *planted(
        "rows.cuh",
        "residual_layer_norm",
        (
            "a team's row too far",
            "s.row = turn * teams_per_block(team) + mine",
            "s.row = turn * teams_per_block(team) + mine + 1",
        ),
        ("rank in the block", "s.rank = threadIdx.x - mine * team", "s.rank = threadIdx.x"),
        ("last row again", "s.length = s.row < rows ?", "s.length = s.row <= rows ?"),
    ),
    *planted(
        "rows.cuh",
        "residual_layer_norm",
        (
            "columns of one warp",
            "threadIdx.x < team && i < blockDim.x; i += SRT_WARP)",
            "threadIdx.x < team && i < SRT_WARP; i += SRT_WARP)",
        ),
        (
            "one row of sums",
            "k < count; k += SRT_SUM_BLOCK / SRT_WARP)",
            "k < 1; k += SRT_SUM_BLOCK / SRT_WARP)",
        ),
        (
            "finalize without a barrier",
            "part[threadIdx.x] = sum;\n    __syncthreads();",
            "part[threadIdx.x] = sum;",
        ),
    ),
    *planted(
        "residual_layer_norm_backward.cuh",
        "residual_layer_norm",
        ("x̂ forgotten", "srt_fma(-xhat[i], means.y, h[i] - means.x)", "h[i] - means.x"),
        ("dβ over dγ", "store_column(to + k.cols, dbeta", "store_column(to, dbeta"),
    ),
    *planted(
        "map.cuh",
        "residual_layer_norm_skewed",
        ("a pack where none may be", "if (PACKED) return *(const", "if (true) return *(const"),
        ("the first of a pack", "x.v[j] = from[j];", "x.v[j] = from[0];"),
        ("one of a pack", "for (int j = 0; j < W; ++j) to[j]", "for (int j = 0; j < 1; ++j) to[j]"),
    ),
    *planted(
        "residual_layer_norm.cuh",
        "residual_layer_norm_rounded_mean",
        ("rounded mean", "s[i] -= row.by.rest;", ";"),
    ),
    *planted(
        "residual_layer_norm_wide.cuh",
        "residual_layer_norm_wide",
        ("one operand twice", "row(at.identity, at.residual,", "row(at.identity, at.identity,"),
        ("the first columns", "row(at.identity + rest, at.res", "row(at.identity, at.res"),
        ("the first head", "ALIGNED>(residual + t * STEP)", "ALIGNED>(residual)"),
        ("kept in one room", "(t * QUADS + q) * SRT_JOINED_TEAM", "q * SRT_JOINED_TEAM"),
        ("the first pack", "int i = this->first(u) + j;", "int i = j;"),
    ),
    *planted(
        "residual_layer_norm_backward_wide.cuh",
        "residual_layer_norm_kept",
        (
            "no second gradient",
            "store(k.grad_residual + at, y);",
            "store(k.grad_residual + at, x);",
        ),
    ),
    *planted(
        "kept_rows.cuh",
        "residual_layer_norm_kept",
        ("one row of three", "centres[(turn + 2) % 3], &then", "centres[(turn + 1) % 3], &then"),
        ("no centre made ahead", "make_centre(turn + 1, next + gridDim.x);", ";"),
        ("sums of another quad", "at = first * SRT_QUADS + n;", "at = first * SRT_QUADS;"),
        (
            "sums of the last row alone",
            "if (!sums) rooms.take(sums_of + 2 * at, own);",
            "own = {};",
        ),
        ("a unit of no column", "return u < kept && block.has(u, 0);", "return u < kept;"),
        ("h by grad", "weigh(c, u, q);\n#pragma unroll", "\n#pragma unroll"),
        (
            "sums of held columns alone",
            "for (int n = SRT_KEPT_SUMS; n < kept * SRT_QUADS; ++n) {",
            "for (int n = kept * SRT_QUADS; n < kept * SRT_QUADS; ++n) {",
        ),
    ),
    *planted(
        "residual_layer_norm_backward.cuh",
        "residual_layer_norm_long",
        (
            "partial's stride",
            "partial + 2 * (at.row * gridDim.y + blockIdx.y)",
            "partial + 2 * (at.row * gridDim.x + blockIdx.y)",
        ),
        (
            "means of the segment",
            "sum.x / (acc_t)cols, means[2 * row + 1]",
            "sum.x / (acc_t)segments, means[2 * row + 1]",
        ),
    ),
    *planted(
        "rows.cuh",
        "residual_layer_norm_long",
        (
            "a segment's begin",
            "s.begin = (index_t)blockIdx.y * (team * ITEMS)",
            "s.begin = (index_t)blockIdx.y * team",
        ),
    ),
    *planted(
        "residual_norms.cuh",
        "component_norms",
        ("squares, not norms", "return sqrt(medium);", "return medium;"),
        ("one element twice", "units * SRT_VEC + thread, n)", "units * SRT_VEC - 1 + thread, n)"),
        ("stride of a block", "step = (index_t)gridDim.x * blockDim.x;", "step = blockDim.x;"),
        (
            "partials overlap",
            "((Squares *)partial)[3 * blockIdx.x + k]",
            "((Squares *)partial)[blockIdx.x + k]",
        ),
    ),
]
