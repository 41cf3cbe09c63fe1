"""Bugs in reductions and normalisations."""

from cuda_host.mutants.mutant import planted

__all__ = ["MUTANTS"]

MUTANTS = [
    *planted(
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
    *planted(
        "reduce.cuh",
        "layer_norm",
        (
            "second barrier lost",
            "if (lane == 0) part[0] = a;\n    }\n    __syncthreads();",
            "if (lane == 0) part[0] = a;\n    }",
        ),
    ),
    *planted(
        "golden_batch_norm.cu",
        "output_stats",
        (
            "parts from the second",
            "int k = threadIdx.x; k < splits",
            "int k = threadIdx.x + 1; k < splits",
        ),
        (
            "no pivot back",
            "spread_of(total, pivot, total.m2 / (acc_t)n);\n    if",
            "spread_of(total, 0, total.m2 / (acc_t)n);\n    if",
        ),
    ),
    *planted(
        "reduce.cuh",
        "batch_norm_planes",
        ("total in one lane", "return lane_zero(a);", "return a;"),
    ),
    *planted(
        "norm.cuh",
        "batch_norm_planes",
        ("a pack past the plane", "clamp_valid(s - from * SRT_VEC) : 0", "SRT_VEC : 0"),
        ("tail dropped", "(s + SRT_VEC - 1) / SRT_VEC, y = split", "s / SRT_VEC, y = split"),
        ("step of one plane", "step = c * s * rows", "step = s * rows"),
        ("misaligned store", "if (valid) *(Pack *)to = pack;", "*(Pack *)(to + 1) = pack;"),
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
    *planted(
        "golden_batch_norm.cu",
        "batch_norm_planes",
        (
            "partial's stride",
            "partial[share.channel * gridDim.y + blockIdx.y]",
            "partial[share.channel * gridDim.x + blockIdx.y]",
        ),
        ("finalize's stride", "partial[channel * splits + k]", "partial[channel + k * c]"),
        ("every lane finishes", "if (lane == 0 && channel < c) {", "if (channel < c) {"),
        ("no channel guard", "if (lane == 0 && channel < c) {", "if (lane == 0) {"),
        ("gain below", "gamma * (gain / deviation)", "gamma / (gain * deviation)"),
    ),
    *planted(
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
        ("first column's share", "own[j] = of[j][columns.lane]", "own[j] = of[0][columns.lane]"),
    ),
    *planted(
        "golden_batch_norm.cu",
        "batch_norm_columns",
        (
            "slab without a barrier",
            "if (__syncthreads_or(doubt)) {",
            "if (doubt) {",
        ),
    ),
    *planted(
        "layer_norm.cuh",
        "layer_norm",
        (
            "variance of a thread",
            "statistics_of(mean, team_total(spread, no_sum2(), team)",
            "statistics_of(mean, spread",
        ),
        ("rows beyond the last", "live = row < rows;", "live = true;"),
        (
            "gamma of the first columns",
            "(to.gamma, col, place.valid[u], 1)",
            "(to.gamma, 0, place.valid[u], 1)",
        ),
        (
            "stride of single elements",
            "(u * team + rank) * SRT_VEC : 0), valid[u]);",
            "(u * team + rank) : 0), valid[u]);",
        ),
    ),
    *planted(
        "rows.cuh",
        "layer_norm_rounded_mean",
        ("variance around a rounded mean", "srt_fma(-rest, spread.x, spread.y)", "spread.y"),
    ),
    *planted(
        "statistics.cuh",
        "layer_norm_out_of_range",
        ("no care", "pass < 3; ++pass", "pass < 1; ++pass"),
        ("a power too many", "exponent_of(size) + 4", "exponent_of(size) - 96"),
        ("a mean of that power", "statistics[r] = mean.high * unit;", "statistics[r] = mean.high;"),
        ("nothing is doubtful", "return SRT_SCALED && pivot == pivot &&", "return false &&"),
    ),
    *planted(
        "statistics.cuh",
        "batch_norm_out_of_range",
        ("squares unseen", "if (SRT_SCALED && bits &&", "if (false && bits &&"),
        ("deviation of another scale", "exponent_of(deviation), most", "0, most"),
    ),
    *planted(
        "rows.cuh",
        "layer_norm_out_of_range",
        ("the range unseen", "!SRT_SCALED || (inside && rest * rest <= size)", "true"),
    ),
    *planted(
        "layer_norm.cuh",
        "layer_norm_rounded_mean",
        (
            "rounded mean",
            "(part.at(u, j) - row.by.mean) - row.by.rest",
            "part.at(u, j) - row.by.mean",
        ),
    ),
    *planted(
        "layer_norm.cuh",
        "layer_norm_long",
        (
            "a share too far",
            "unsigned split = gridDim.y - 1 - blockIdx.y;",
            "unsigned split = gridDim.y - blockIdx.y;",
        ),
    ),
    *planted(
        "wide_rows.cuh",
        "layer_norm_wide",
        (
            "every pack first",
            "*(Pack *)(to.out + row.first(u)) = y;",
            "*(Pack *)(to.out + row.first(0)) = y;",
        ),
        ("an element too many", "(ALIGNED ? 0 : j) < left;", "(ALIGNED ? 0 : j) <= left;"),
        ("coefficients of the first pack", "int at = row.first(u) + j;", "int at = j;"),
        ("rounded mean", "(row.at(u, j + k) - by.mean) - by.rest;", "row.at(u, j + k) - by.rest;"),
    ),
    *planted(
        "reduce.cuh",
        "layer_norm",
        (
            "half of a team",
            "for (int by = team >> 1; by; by >>= 1) a",
            "for (int by = team >> 2; by; by >>= 1) a",
        ),
    ),
    *planted(
        "batch_norm_backward.cuh",
        "batch_norm_backward_planes",
        (
            "partial's stride",
            "partial[share.channel * gridDim.y + blockIdx.y]",
            "partial[share.channel * gridDim.x + blockIdx.y]",
        ),
        (
            "mean forgotten",
            "srt_fma(srt_fma(x, by.power, -by.mean), by.slope",
            "srt_fma(x * by.power, by.slope",
        ),
        ("power forgotten", "SRT_SCALED ? dx * by.power : dx", "dx"),
        ("training forgotten", "if (training) rest =", "if (!training) rest ="),
        (
            "dγ of one part",
            "for (int k = lane; channel < c && k < splits; k += team)",
            "for (int k = lane; channel < c && k < 1; ++k)",
        ),
    ),
    *planted(
        "batch_norm_backward.cuh",
        "batch_norm_backward_columns",
        ("first column's sums", "finish(channel, sums[k]", "finish(channel, sums[0]"),
    ),
    *planted(
        "layer_norm_backward_wide.cuh",
        "layer_norm_backward_kept",
        ("one operand twice", "unit.x = *(const Pack *)(x + at);", "unit.x = unit.grad;"),
        ("means forgotten", "row{by, means}", "row{by, no_sum2()}"),
    ),
    *planted(
        "kept_rows.cuh",
        "layer_norm_backward_kept",
        ("the first rows alone", "row < k.rows; row += gridDim.x,", "row < 1; row += gridDim.x,"),
    ),
    *planted(
        "layer_norm_backward.cuh",
        "layer_norm_backward",
        ("x̂ forgotten", "h - srt_fma(xhat, row.means.y, row.means.x)", "h - row.means.x"),
        ("means of elements", "row.means.y = sums.y / (acc_t)cols;", "row.means.y = sums.y;"),
        ("another row's means", "rows), means[r[u]]};", "rows), means[0]};"),
        ("a long row's weight forgotten", "row_gradient(grad * weight.v[j],", "row_gradient(grad,"),
        (
            "columns of the first pack",
            "(u * team + threadIdx.x) * SRT_VEC + j;",
            "threadIdx.x * SRT_VEC + j;",
        ),
    ),
    *planted(
        "rows.cuh",
        "layer_norm_backward",
        (
            "teams without a barrier",
            "part[threadIdx.x] = v;\n    __syncthreads();",
            "part[threadIdx.x] = v;",
        ),
        (
            "half of the rows",
            "k < count; k += SRT_SUM_BLOCK / SRT_WARP)",
            "k < count / 2; k += SRT_SUM_BLOCK / SRT_WARP)",
        ),
    ),
    *planted(
        "wide_rows.cuh",
        "layer_norm_long",
        (
            "a head forgotten in the variance",
            "Sum2 spread = head.deviations(mean);",
            "Sum2 spread = no_sum2();",
        ),
        ("a head forgotten", "head.write(to, own.by, scale);", ";"),
        ("a head too far", "first = (t - packs) * Source::STEP", "first = t * Source::STEP"),
    ),
    *planted(
        "layer_norm_wide.cuh",
        "layer_norm_long",
        ("the first row", "row(from + head.columns(),", "row(x + head.columns(),"),
        ("rooms overlap", "(t * SRT_FUSED_TEAM + threadIdx.x)", "(t + threadIdx.x)"),
    ),
]
