"""Golden operations on arrays of JAX, on the CPU: with gradients, under `jit`, `grad` and `vmap`.

Nothing imports it unasked: `syntonic.jax`, or ``import syntonic.jax``, does. It needs JAX
(``pip install jax``). The functions bear the names and arguments of those for
`ResonantTensor`; tensors and parameters are arrays of JAX or NumPy.

What holds of all of them: arrays are float64 (with ``jax_enable_x64`` alone), float32, float16 or
bfloat16, halves computed with in float32. Each is a `jax.custom_vjp` over `jax.pure_callback`: JAX
calls syntonic's loops on the host, and differentiates once, backward. Forward mode, Hessians and
gradients of gradients are refused by JAX; none is silently zero. `vmap` calls once for each element
of the batch. Modes, numbers and axes are static. On a GPU or TPU every call would go through the
host and back: that is refused, and `syntonic.torch` computes on GPUs.
"""

from syntonic.errors import BackendUnavailableError

try:
    import jax as _jax  # noqa: F401
except ImportError as error:
    raise BackendUnavailableError(
        f"syntonic.jax: JAX does not import ({error}); pip install jax"
    ) from error

from syntonic.jax.functions import (
    golden_batch_norm_1d,
    golden_batch_norm_2d,
    golden_layer_norm,
    syntonic_softmax,
)
from syntonic.jax.residuals import (
    phi_residual,
    phi_residual_gelu,
    phi_residual_layernorm,
    phi_residual_relu,
)

__all__ = [
    "golden_batch_norm_1d",
    "golden_batch_norm_2d",
    "golden_layer_norm",
    "phi_residual",
    "phi_residual_gelu",
    "phi_residual_layernorm",
    "phi_residual_relu",
    "syntonic_softmax",
]


def __dir__() -> list[str]:
    return [*__all__]
