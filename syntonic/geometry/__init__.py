"""Exact geometry over the golden field: figures, groups, hulls, tilings, anyons."""

from syntonic.geometry.congruence import identify_solid, similarity_squared, symmetry_group
from syntonic.geometry.convexity import hull
from syntonic.geometry.groups import (
    closure,
    icosians,
    orbit,
    reflection,
    reflection_group,
    rotations,
    simple_roots,
)
from syntonic.geometry.measures import (
    area_squared,
    circumradius_squared,
    edge_length_squared,
    polar,
    volume,
    volume_squared_per_edge,
)
from syntonic.geometry.polytopes import Polytope
from syntonic.geometry.solids import polytope, solid, solid_names
from syntonic.geometry.stars import regular

__all__ = [
    "Polytope",
    "area_squared",
    "circumradius_squared",
    "closure",
    "edge_length_squared",
    "hull",
    "icosians",
    "identify_solid",
    "orbit",
    "polar",
    "polytope",
    "reflection",
    "reflection_group",
    "regular",
    "rotations",
    "similarity_squared",
    "simple_roots",
    "solid",
    "solid_names",
    "symmetry_group",
    "volume",
    "volume_squared_per_edge",
]
