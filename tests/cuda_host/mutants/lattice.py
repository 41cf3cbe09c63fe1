"""Bugs in snap and wake."""

from cuda_host.mutants.mutant import planted

__all__ = ["MUTANTS"]

MUTANTS = [
    *planted(
        "golden_lattice.cu",
        "golden_snap",
        (
            "every other value",
            "i += VALUES * SRT_LATTICE_BLOCK) {",
            "i += 2 * VALUES * SRT_LATTICE_BLOCK) {",
        ),
        ("a narrow b", "low_b = (int)v.b;", "low_b = (short)v.a;"),
    ),
    *planted(
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
    *planted(
        "lattice_snap.cuh",
        "golden_snap_integers",
        ("ties away from zero", "s.f * (double)s.n < 0.0", "s.f * (double)s.n > 0.0"),
    ),
    *planted(
        "lattice_snap.cuh",
        "golden_snap_window",
        ("the other corner", "(upper ? d3 < d2 :", "(upper ? d2 < d3 :"),
    ),
    *planted("golden_lattice.cu", "golden_wake", ("scale forgotten", "v * scale", "v")),
    *planted(
        "lattice_wake.cuh",
        "golden_wake",
        ("φ's first word lost", "Two s1 = two_sum(x, p.high)", "Two s1 = two_sum(x, 0.0)"),
    ),
]
