"""Lost barriers that only ThreadSanitizer is sure to notice."""

from cuda_host.mutants.mutant import planted

__all__ = ["RACES"]

RACES = [
    *planted(
        "reduce.cuh",
        "component_norms",
        ("third barrier lost", "a = part[0];\n    __syncthreads();", "a = part[0];"),
    ),
    *planted(
        "rows.cuh",
        "residual_layer_norm",
        (
            "second barrier of the columns lost",
            "v += part[i];\n    __syncthreads();",
            "v += part[i];",
        ),
    ),
    *planted(
        "kept_rows.cuh",
        "residual_layer_norm_kept",
        (
            "first barrier lost",
            "make_centre(0, blockIdx.x);\n    __syncthreads();",
            "make_centre(0, blockIdx.x);",
        ),
    ),
    *planted(
        "norm.cuh",
        "batch_norm_columns",
        (
            "second barrier of the columns lost",
            "add_columns(own, other);\n        }\n        __syncthreads();",
            "add_columns(own, other);\n        }",
        ),
    ),
    *planted(
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
