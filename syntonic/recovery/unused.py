"""Vertices that no edge and no face uses, and a model without them."""

from __future__ import annotations

from dataclasses import replace

from syntonic.errors import NotGoldenError
from syntonic.io.model import Model

__all__ = ["refused_without", "unused_vertices", "without"]


def unused_vertices(model: Model) -> tuple[int, ...]:
    """Return the vertices that nothing uses; none of a list of points.

    Examples
    --------
    >>> unused_vertices(Model((("0",), ("1",), ("2",)), edges=((0, 2),)))
    (1,)
    """
    used = {k for walk in (*model.edges, *model.faces) for k in walk}
    return tuple(k for k in range(model.vertex_count) if k not in used) if used else ()


def without(model: Model, vertices: tuple[int, ...]) -> Model:
    """Return a printed model without some of its vertices, which nothing uses."""
    kept = [k for k in range(model.vertex_count) if k not in {*vertices}]
    place = {old: new for new, old in enumerate(kept)}
    return replace(
        model,
        vertices=tuple(model.vertices[k] for k in kept),
        edges=tuple((place[i], place[j]) for i, j in model.edges),
        faces=tuple(tuple(place[k] for k in face) for face in model.faces),
    )


def refused_without(refusal: NotGoldenError, vertices: tuple[int, ...]) -> NotGoldenError:
    """Return a refusal that says that leaving out the unused vertices does not help."""
    count = f"{len(vertices)} vertices" if len(vertices) > 1 else f"vertices[{vertices[0]}]"
    verb = "are" if len(vertices) > 1 else "is"
    return NotGoldenError(
        f"{refusal}. {count} {verb} used by no edge and no face, but there is no proof without "
        f"{'them' if len(vertices) > 1 else 'it'} either",
        denominator=refusal.denominator,
        window=refusal.window,
        kappa=refusal.kappa,
        chance=refusal.chance,
        chance_scale=refusal.chance_scale,
        golden_part=refusal.golden_part,
    )
