"""Exact geometry over the golden field: figures, groups, hulls, tilings, anyons."""

from syntonic.geometry import anyons
from syntonic.geometry.algebras import (
    COMPLEX,
    CYCLOTOMIC5,
    QUATERNION,
    Algebra,
    conjugate,
    e8_form,
    e8_roots,
    embed,
    inverse,
    left_matrix,
    multiply,
    norm,
    star_map,
)
from syntonic.geometry.congruence import identify_solid, similarity_squared, symmetry_group
from syntonic.geometry.convexity import hull
from syntonic.geometry.diagrams import schlegel
from syntonic.geometry.groups import (
    closure,
    icosians,
    orbit,
    reflection,
    reflection_group,
    rotations,
    simple_roots,
)
from syntonic.geometry.inflation import (
    fibonacci_chain,
    penrose_inflated,
    substitution,
    substitution_counts,
)
from syntonic.geometry.measures import (
    area_squared,
    circumradius_squared,
    edge_length_squared,
    polar,
    volume,
    volume_squared_per_edge,
)
from syntonic.geometry.modelsets import model_set
from syntonic.geometry.pictures import diffraction, plot_diffraction, plot_tiling, plot_window
from syntonic.geometry.polytopes import Polytope
from syntonic.geometry.solids import polytope, solid, solid_names
from syntonic.geometry.stars import regular
from syntonic.geometry.tilings import Tiling, ammann, penrose, penrose_windows

__all__ = [
    "COMPLEX",
    "CYCLOTOMIC5",
    "QUATERNION",
    "Algebra",
    "Polytope",
    "Tiling",
    "ammann",
    "anyons",
    "area_squared",
    "circumradius_squared",
    "closure",
    "conjugate",
    "diffraction",
    "e8_form",
    "e8_roots",
    "edge_length_squared",
    "embed",
    "fibonacci_chain",
    "hull",
    "icosians",
    "identify_solid",
    "inverse",
    "left_matrix",
    "model_set",
    "multiply",
    "norm",
    "orbit",
    "penrose",
    "penrose_inflated",
    "penrose_windows",
    "plot_diffraction",
    "plot_tiling",
    "plot_window",
    "polar",
    "polytope",
    "reflection",
    "reflection_group",
    "regular",
    "rotations",
    "schlegel",
    "similarity_squared",
    "simple_roots",
    "solid",
    "solid_names",
    "star_map",
    "substitution",
    "substitution_counts",
    "symmetry_group",
    "volume",
    "volume_squared_per_edge",
]


def __dir__() -> list[str]:
    return [*__all__]
