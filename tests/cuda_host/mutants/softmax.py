"""Bugs in syntonic softmax."""

from cuda_host.mutants.mutant import planted

__all__ = ["MUTANTS"]

MUTANTS = [
    *planted(
        "softmax.cuh",
        "softmax_identity_rows",
        (
            "half of the lanes",
            "for (int by = size >> 1; by; by >>= 1) x[0] += lane_xor",
            "for (int by = size >> 2; by; by >>= 1) x[0] += lane_xor",
        ),
    ),
    *planted(
        "softmax_forward.cuh",
        "softmax_identity_rows",
        (
            "zeros beyond the end",
            "z[u] = in ? to_acc(raw[k].v[u]) : -SRT_INFINITY;",
            "z[u] = in ? to_acc(raw[k].v[u]) : (acc_t)0;",
        ),
        ("a pack too many", "if (k * step >= room) continue;", "if (k * step > room) continue;"),
        ("edge forgotten", "total[0] += edge.z[0] = srt_exp", "edge.z[0] = srt_exp"),
    ),
    *planted(
        "softmax_slices.cuh",
        "softmax_identity_rows",
        ("a row too far", "if (row < rows) op.move(row * n);", "op.move((row + 1) * n);"),
        ("head misplaced", "thread < head ? thread : w.end + (thread - head)", "w.end + thread"),
        (
            "a kept tile stored elsewhere",
            "index_t from = w.from + i * tile + w.first;",
            "index_t from = w.from + (i + 1) * tile + w.first;",
        ),
        ("a kept tile forgotten", "rest.from += kept * tile;", "rest.from += kept * tile + tile;"),
    ),
    *planted(
        "softmax_forward.cuh",
        "softmax_learned_rows",
        ("one class for a pack", "of_class[C == 1 ? u : 0], z[u])", "of_class[0], z[u])"),
    ),
    *planted(
        "softmax.cuh",
        "softmax_identity_columns",
        (
            "half of the ways",
            "for (int by = ways >> 1; by; by >>= 1) {",
            "for (int by = ways >> 2; by; by >>= 1) {",
        ),
        (
            "join without a barrier",
            "for (int by = ways >> 1; by; by >>= 1) {\n            __syncthreads();",
            "for (int by = ways >> 1; by; by >>= 1) {",
        ),
        (
            "another way's result",
            "shared[u * threads + me - way * lanes];",
            "shared[u * threads + me];",
        ),
        (
            "some threads leave",
            "if (ways == 1) return;",
            "if (ways == 1 || threadIdx.x > 100) return;",
        ),
    ),
    *planted(
        "softmax_slices.cuh",
        "softmax_identity_columns",
        (
            "columns of single elements",
            "<< lane_bits) * V + lane * V;",
            "<< lane_bits) * V + lane;",
        ),
    ),
    *planted(
        "softmax_slices.cuh",
        "softmax_identity_shared_rows",
        ("share rounded down", "(packs + parts - 1) / parts) * V;", "packs / parts) * V;"),
        ("edge in every share", "if (b) w.edge = n;", ""),
        (
            "parts overlap",
            "blockIdx.x * gridDim.y + blockIdx.y) * Op::PARTS;",
            "blockIdx.x * gridDim.y + blockIdx.y);",
        ),
    ),
    *planted(
        "softmax_forward.cuh",
        "softmax_identity_shared_rows",
        ("parts of other tops", "srt_exp(part[2 * b * apart + c] - top[c]);", "(acc_t)1;"),
    ),
    *planted(
        "softmax.cuh",
        "softmax_identity_columns",
        ("not rescaled", "total.sum *= shrink, total.rest", "total.rest"),
    ),
    *planted(
        "softmax_slices.cuh",
        "softmax_provided_columns",
        (
            "every other tile",
            "w.end - base > tile; base += tile)",
            "w.end - base > tile; base += 2 * tile)",
        ),
    ),
    *planted(
        "softmax_backward.cuh",
        "softmax_identity_backward_rows",
        (
            "no product",
            "t.g[i] = t.y[i] * (t.g[i] - r[C == 1 ? 0 : i % V].dot);",
            "t.g[i] = t.y[i] * t.g[i];",
        ),
    ),
    *planted(
        "softmax_backward.cuh",
        "softmax_provided_backward_rows",
        ("weight forgotten", "scale * t.g[i] / t.w[i]", "scale * t.g[i]"),
        ("floor forgotten", "t.w[i] > floor ?", "t.w[i] > (acc_t)0 ?"),
    ),
    *planted(
        "softmax_backward.cuh",
        "softmax_learned_backward_rows",
        ("teams overlap", "by >= size; by >>= 1) mine[i]", "by > size; by >>= 1) mine[i]"),
        (
            "columns' stride",
            "(index_t)(thread + k * size) * V + u;",
            "(index_t)(thread + k) * V + u;",
        ),
    ),
    *planted(
        "softmax_wide_sums.cuh",
        "softmax_learned_backward_wide_rows",
        ("sums of the last row", "h.g, i, row == blockIdx.x)", "h.g, i, true)"),
        ("sums of what was there", "h.g, i, row == blockIdx.x)", "h.g, i, false)"),
        (
            "tiles overlap",
            "scalar_t *room = kept_tiles() + i * (2 * tile)",
            "scalar_t *room = kept_tiles() + i * tile",
        ),
        (
            "sums where tiles are kept",
            "(kept_tiles() + kept * (2 * tile))",
            "(kept_tiles() + kept * tile)",
        ),
        (
            "the first tile's product lost",
            "for (int i = 0; i < before; ++i) {",
            "for (int i = 1; i < before; ++i) {",
        ),
        ("a tile's sums forgotten", "i < summed; ++i)", "i + 1 < summed; ++i)"),
    ),
    *planted(
        "softmax_backward.cuh",
        "softmax_learned_backward_columns",
        (
            "half of the lanes",
            "for (int by = lanes >> 1; by; by >>= 1) sum +=",
            "for (int by = lanes >> 2; by; by >>= 1) sum +=",
        ),
        ("sums of the first team", "if (WEIGHING == LEARNED) sums += row;", ""),
    ),
    *planted(
        "softmax_backward.cuh",
        "softmax_identity_backward_shared_columns",
        (
            "the first part lost",
            "for (int b = first; b < parts; b += step) dot[c]",
            "for (int b = first + 1; b < parts; b += step) dot[c]",
        ),
    ),
]
