"""Bugs planted in the kernels' text, and the call that must notice each.

Kinds: lost, doubled or misplaced barriers; wrong masks, lanes and strides of reductions; bounds off
by one, at heads, tails and segments; wrong indices into partial results; formulas that cancel or
forget a factor. RACES are for ThreadSanitizer: on the host, threads that no barrier keeps apart
run one after another, and often come out right.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["MUTANTS", "RACES", "Mutant"]

_PARTS = re.compile(r"^(?=#line )", re.MULTILINE)


@dataclass(frozen=True)
class Mutant:
    """In `file` of the kernels `old` stands once and becomes `new`; `call` is one of CALLS."""

    file: str
    call: str
    what: str
    old: str
    new: str

    @property
    def name(self) -> str:
        """What the test's id says."""
        return f"{self.file}, {self.call}: {self.what}"

    def edit(self, text: str) -> str:
        """Plant the bug in the assembled text of a family."""
        parts = _PARTS.split(text)
        return "".join(p.replace(self.old, self.new) if self._holds(p) else p for p in parts)

    def places(self, text: str) -> int:
        """Count where the bug would be planted."""
        return sum(p.count(self.old) for p in _PARTS.split(text) if self._holds(p))

    def _holds(self, part: str) -> bool:
        return part.partition("\n")[0].endswith(f'/{self.file}"')


def _of(file: str, call: str, *bugs: tuple[str, str, str]) -> list[Mutant]:
    return [Mutant(file, call, *bug) for bug in bugs]


MUTANTS = [
    *_of(
        "reduce.cuh",
        "output_stats",
        (
            "first barrier lost",
            "if (lane == 0) part[warp] = a;\n    __syncthreads();",
            "if (lane == 0) part[warp] = a;",
        ),
        (
            "barrier of one lane",
            "if (lane == 0) part[warp] = a;\n    __syncthreads();",
            "if (lane == 0) {\n        part[warp] = a;\n        __syncthreads();\n    }",
        ),
        ("scratch too short", "T part[SRT_WARP]", "T part[2]"),
        ("stale lanes", "lane < (int)(blockDim.x / SRT_WARP) ? part[lane] : zero", "part[lane]"),
        (
            "half of the warps",
            "lane < (int)(blockDim.x / SRT_WARP) ?",
            "lane < (int)(blockDim.x / 64) ?",
        ),
        (
            "a warp from 8",
            "int by = SRT_WARP / 2; by; by >>= 1) a = a",
            "int by = 8; by; by >>= 1) a = a",
        ),
        ("Chan's weight", "d * d * a.n * part", "d * d * b.n * part"),
        ("Chan's mean", "srt_fma(d, part, a.mean)", "srt_fma(d, part, b.mean)"),
        ("half a mask", "#define SRT_ALL_LANES 0xffffffffu", "#define SRT_ALL_LANES 0x0000ffffu"),
    ),
    *_of(
        "reduce.cuh",
        "layer_norm",
        (
            "second barrier lost",
            "if (lane == 0) part[0] = a;\n    }\n    __syncthreads();",
            "if (lane == 0) part[0] = a;\n    }",
        ),
    ),
    *_of(
        "golden_batch_norm.cu",
        "output_stats",
        (
            "parts from the second",
            "int k = threadIdx.x; k < splits",
            "int k = threadIdx.x + 1; k < splits",
        ),
        ("no shift back", "(double)to_acc(x[0]) + (double)total.mean", "(double)total.mean"),
    ),
    *_of(
        "reduce.cuh",
        "batch_norm_planes",
        ("total in one lane", "return lane_zero(a);", "return a;"),
    ),
    *_of(
        "norm.cuh",
        "batch_norm_planes",
        ("a pack past the plane", "clamp_valid(s - from * SRT_VEC) : 0", "SRT_VEC : 0"),
        ("tail dropped", "(s + SRT_VEC - 1) / SRT_VEC, y = split", "s / SRT_VEC, y = split"),
        ("step of one plane", "step = c * s * rows", "step = s * rows"),
        ("misaligned store", "if (valid) *(Pack *)to = pack;", "*(Pack *)(to + 1) = pack;"),
        (
            "target below",
            "gamma * srt_sqrt(target / (var + eps))",
            "gamma / srt_sqrt(target * (var + eps))",
        ),
        (
            "mirror off by one",
            "share.plane + share.planes_end - 1",
            "share.plane + share.planes_end",
        ),
        (
            "mean of a full chunk",
            "mean = FULL ? sum * (acc_t)(1.0 / K) : sum / n",
            "mean = sum * (acc_t)(1.0 / K)",
        ),
    ),
    *_of(
        "golden_batch_norm.cu",
        "batch_norm_planes",
        (
            "partial's stride",
            "partial[share.channel * gridDim.y + blockIdx.y]",
            "partial[share.channel * gridDim.x + blockIdx.y]",
        ),
        ("finalize's stride", "partial[channel * splits + k]", "partial[channel + k * c]"),
        ("every lane finishes", "if (lane) return;", ""),
        ("no channel guard", "if (channel >= c) return;", ""),
    ),
    *_of(
        "norm.cuh",
        "batch_norm_columns",
        ("rows <=", "if (from < end) mask |= 1u << u;", "if (from <= end) mask |= 1u << u;"),
        (
            "half of the rows",
            "for (int half = columns.rows / 2; half",
            "for (int half = columns.rows / 4; half",
        ),
        (
            "slots overlap",
            "(columns.row & (half - 1)) * lanes + columns.lane",
            "(columns.row & (half - 1)) + columns.lane",
        ),
        (
            "totals without a barrier",
            "part[j][slot] = own[j];\n        }\n        __syncthreads();",
            "part[j][slot] = own[j];\n        }",
        ),
        ("columns of no channel", "if (own.valid == 0) return;", ""),
    ),
    *_of(
        "golden_batch_norm.cu",
        "batch_norm_columns",
        (
            "slab without a barrier",
            "var[own.column + j] = spread;\n    }\n    __syncthreads();",
            "var[own.column + j] = spread;\n    }",
        ),
        ("first column's scale", "affine[j] = slab[j][own.lane]", "affine[j] = slab[0][own.lane]"),
    ),
    *_of(
        "layer_norm.cuh",
        "layer_norm",
        ("variance around 0", "? x.at(u, j) - mean : (acc_t)0", "? x.at(u, j) : (acc_t)0"),
        ("rows beyond the last", "live = row < rows;", "live = true;"),
        (
            "gamma of the first columns",
            "gamma + col : 0, place.valid[u], 1)",
            "gamma : 0, place.valid[u], 1)",
        ),
        (
            "stride of single elements",
            "(u * team + rank) * SRT_VEC : 0), valid[u]);",
            "(u * team + rank) : 0), valid[u]);",
        ),
        (
            "a share too far",
            "unsigned split = gridDim.y - 1 - blockIdx.y;",
            "unsigned split = gridDim.y - blockIdx.y;",
        ),
    ),
    *_of(
        "rows.cuh",
        "layer_norm",
        (
            "half of a team",
            "for (int by = team >> 1; by; by >>= 1) a",
            "for (int by = team >> 2; by; by >>= 1) a",
        ),
    ),
    *_of(
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
    *_of(
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
    *_of(
        "residual_mode.cuh",
        "residual",
        (
            "operands swapped",
            "srt_fma(residual, inner, identity) * outer",
            "srt_fma(identity, inner, residual) * outer",
        ),
        ("gradient without 1/φ", "return g * (inner * outer);", "return g * outer;"),
    ),
    *_of(
        "phi_residual.cu",
        "residual_relu",
        (
            "gradient at zero",
            "x[1] <= (acc_t)0 ? (acc_t)0 : x[0]",
            "x[1] < (acc_t)0 ? (acc_t)0 : x[0]",
        ),
    ),
    *_of(
        "phi_residual.cu",
        "residual_gelu",
        ("sign of the density", "(acc_t)-0.5 * s * s", "(acc_t)0.5 * s * s"),
    ),
    *_of(
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
    *_of(
        "residual_layer_norm.cuh",
        "residual_layer_norm",
        (
            "columns of one warp",
            "i < blockDim.x; i += SRT_WARP) v += part[i];",
            "i < SRT_WARP; i += SRT_WARP) v += part[i];",
        ),
        ("x̂ forgotten", "srt_fma(-xhat[i], means.y, h[i] - means.x)", "h[i] - means.x"),
        ("dβ over dγ", "store_column(to + k.cols, dbeta", "store_column(to, dbeta"),
        (
            "one row of sums",
            "i < count; i += SRT_TEAMS_BLOCK / SRT_WARP)",
            "i < 1; i += SRT_TEAMS_BLOCK / SRT_WARP)",
        ),
        (
            "finalize without a barrier",
            "part[threadIdx.x] = sum;\n    __syncthreads();",
            "part[threadIdx.x] = sum;",
        ),
    ),
    *_of(
        "residual_layer_norm.cuh",
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
    *_of(
        "rows.cuh",
        "residual_layer_norm_long",
        (
            "a segment's begin",
            "s.begin = (index_t)blockIdx.y * (team * ITEMS)",
            "s.begin = (index_t)blockIdx.y * team",
        ),
    ),
    *_of(
        "residual_norms.cuh",
        "component_norms",
        ("squares, not norms", "return sqrt(medium);", "return medium;"),
        ("one element twice", "done = n / SRT_VEC * SRT_VEC;", "done = n / SRT_VEC * SRT_VEC - 1;"),
        ("stride of a block", "step = (index_t)gridDim.x * blockDim.x;", "step = blockDim.x;"),
        (
            "partials overlap",
            "((Squares *)partial)[3 * blockIdx.x + k]",
            "((Squares *)partial)[blockIdx.x + k]",
        ),
    ),
    *_of(
        "softmax.cuh",
        "softmax_identity_rows",
        (
            "half of the lanes",
            "for (int by = size >> 1; by; by >>= 1) x[0] += lane_xor",
            "for (int by = size >> 2; by; by >>= 1) x[0] += lane_xor",
        ),
    ),
    *_of(
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
    *_of(
        "softmax_slices.cuh",
        "softmax_identity_rows",
        ("a row too far", "if (row < rows) op.move(row * n);", "op.move((row + 1) * n);"),
        ("head misplaced", "thread < head ? thread : w.end + (thread - head)", "w.end + thread"),
    ),
    *_of(
        "softmax_forward.cuh",
        "softmax_learned_rows",
        ("one class for a pack", "of_class[C == 1 ? u : 0], z[u])", "of_class[0], z[u])"),
    ),
    *_of(
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
    *_of(
        "softmax_slices.cuh",
        "softmax_identity_columns",
        (
            "columns of single elements",
            "<< lane_bits) * V + lane * V;",
            "<< lane_bits) * V + lane;",
        ),
    ),
    *_of(
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
    *_of(
        "softmax_forward.cuh",
        "softmax_identity_shared_rows",
        ("parts of other tops", "srt_exp(part[2 * b * apart + c] - top[c]);", "(acc_t)1;"),
    ),
    *_of(
        "softmax.cuh",
        "softmax_identity_columns",
        ("not rescaled", "total.sum *= shrink, total.rest", "total.rest"),
    ),
    *_of(
        "softmax_slices.cuh",
        "softmax_provided_rows",
        (
            "every other tile",
            "w.end - base > tile; base += tile)",
            "w.end - base > tile; base += 2 * tile)",
        ),
    ),
    *_of(
        "softmax_backward.cuh",
        "softmax_identity_backward_rows",
        (
            "no product",
            "t.g[i] = t.y[i] * (t.g[i] - r[C == 1 ? 0 : i % V].dot);",
            "t.g[i] = t.y[i] * t.g[i];",
        ),
    ),
    *_of(
        "softmax_backward.cuh",
        "softmax_provided_backward_rows",
        ("weight forgotten", "scale * t.g[i] / t.w[i]", "scale * t.g[i]"),
        ("floor forgotten", "t.w[i] > floor ?", "t.w[i] > (acc_t)0 ?"),
    ),
    *_of(
        "softmax_backward.cuh",
        "softmax_learned_backward_rows",
        ("teams overlap", "by >= size; by >>= 1) mine[i]", "by > size; by >>= 1) mine[i]"),
        (
            "columns' stride",
            "(index_t)(thread + k * size) * V + u;",
            "(index_t)(thread + k) * V + u;",
        ),
    ),
    *_of(
        "softmax_backward.cuh",
        "softmax_learned_backward_columns",
        (
            "half of the lanes",
            "for (int by = lanes >> 1; by; by >>= 1) sum +=",
            "for (int by = lanes >> 2; by; by >>= 1) sum +=",
        ),
        ("sums of the first team", "if (WEIGHING == LEARNED) sums += row;", ""),
    ),
    *_of(
        "softmax_backward.cuh",
        "softmax_identity_backward_shared_columns",
        (
            "the first part lost",
            "for (int b = first; b < parts; b += step) dot[c]",
            "for (int b = first + 1; b < parts; b += step) dot[c]",
        ),
    ),
    *_of(
        "batch_norm_backward.cuh",
        "batch_norm_backward_planes",
        (
            "partial's stride",
            "partial[share.channel * gridDim.y + blockIdx.y]",
            "partial[share.channel * gridDim.x + blockIdx.y]",
        ),
        (
            "mean forgotten",
            "srt_fma(x - by.mean, by.slope, by.offset)",
            "srt_fma(x, by.slope, by.offset)",
        ),
        ("training forgotten", "acc_t rest = training ?", "acc_t rest = !training ?"),
        (
            "dγ of one part",
            "for (int k = lane; k < splits; k += SRT_WARP)",
            "for (int k = lane; k < 1; ++k)",
        ),
    ),
    *_of(
        "batch_norm_backward.cuh",
        "batch_norm_backward_columns",
        ("first column's slope", "by[j] = slab[j][own.lane]", "by[j] = slab[0][own.lane]"),
    ),
    *_of(
        "layer_norm_backward.cuh",
        "layer_norm_backward",
        ("x̂ forgotten", "h - srt_fma(xhat, row.means.y, row.means.x)", "h - row.means.x"),
        ("means of elements", "row.means.y = sums.y / (acc_t)cols;", "row.means.y = sums.y;"),
        (
            "teams without a barrier",
            "part[threadIdx.x] = v;\n    __syncthreads();",
            "part[threadIdx.x] = v;",
        ),
        (
            "columns of the first pack",
            "(u * team + threadIdx.x) * SRT_VEC + j;",
            "threadIdx.x * SRT_VEC + j;",
        ),
        (
            "half of the rows",
            "k < count; k += blockDim.x / SRT_WARP)",
            "k < count / 2; k += blockDim.x / SRT_WARP)",
        ),
    ),
    *_of(
        "golden_lattice.cu",
        "golden_snap",
        (
            "every other value",
            "i += SRT_LATTICE_BLOCK)\n        doubt |= store",
            "i += 2 * SRT_LATTICE_BLOCK)\n        doubt |= store",
        ),
        ("a narrow b", "*a = (int)v.a, *b = (int)v.b;", "*a = (int)v.a, *b = (short)v.a;"),
    ),
    *_of(
        "lattice_snap.cuh",
        "golden_snap",
        ("two candidates of four", "double best = d23 < d01 ? b23 : b01;", "double best = b01;"),
        (
            "another cell",
            "floor(plan.direction * plan.second * f)",
            "rint(plan.direction * plan.second * f)",
        ),
        ("bound of the first", "fabs(b1) <= plan.limit ?", "fabs(b0) <= plan.limit ?"),
    ),
    *_of(
        "lattice_snap.cuh",
        "golden_snap_integers",
        ("ties away from zero", "s.f * (double)s.n < 0.0", "s.f * (double)s.n > 0.0"),
    ),
    *_of(
        "lattice_snap.cuh",
        "golden_snap_window",
        ("the other corner", "(upper ? d3 < d2 :", "(upper ? d2 < d3 :"),
    ),
    *_of("golden_lattice.cu", "golden_wake", ("scale forgotten", "v * scale", "v")),
    *_of(
        "lattice_wake.cuh",
        "golden_wake",
        ("φ's first word lost", "Two s1 = two_sum(x, p.high)", "Two s1 = two_sum(x, 0)"),
    ),
]

RACES = [
    *_of(
        "reduce.cuh",
        "component_norms",
        ("third barrier lost", "a = part[0];\n    __syncthreads();", "a = part[0];"),
    ),
    *_of(
        "residual_layer_norm.cuh",
        "residual_layer_norm",
        (
            "second barrier of the columns lost",
            "v += part[i];\n        __syncthreads();",
            "v += part[i];",
        ),
    ),
    *_of(
        "norm.cuh",
        "batch_norm_columns",
        (
            "second barrier of the columns lost",
            "own[j] = own[j] + part[j][slot];\n        }\n        __syncthreads();",
            "own[j] = own[j] + part[j][slot];\n        }",
        ),
    ),
    *_of(
        "softmax.cuh",
        "softmax_identity_columns",
        (
            "last barrier lost",
            "shared[u * threads + me - way * lanes];\n        __syncthreads();",
            "shared[u * threads + me - way * lanes];",
        ),
    ),
]
"""Seldom seen in numbers, if ever."""
