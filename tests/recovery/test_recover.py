"""`recover` from end to end: the external cases, literal input, options, refusals."""

import json
import pickle
import random
from decimal import Decimal
from fractions import Fraction
from itertools import combinations, product

import numpy as np
import pytest
from effort import thinned

from syntonic import (
    PHI,
    FormatError,
    GoldenExact,
    NotGoldenError,
    Recovery,
    ResonantTensor,
    ShapeError,
    recover,
)
from syntonic.io import Model, read, write

HALF_PHI = GoldenExact(0, "1/2")


def one_decimal(model):
    rows = tuple(
        tuple(str(Decimal(token).quantize(Decimal("0.1"))) for token in row)
        for row in model.vertices
    )
    return Model(rows, faces=model.faces, cell_count=model.cell_count)


def classes(listing):
    return {GoldenExact(*value): count for value, count in listing}


@pytest.mark.parametrize("rounded", [False, True])
@pytest.mark.parametrize("name", ["6-ex.off", "2-tes.off"])
def test_polychora(shared_data, name, rounded):
    expected = json.loads((shared_data / "polychora" / "expected.json").read_text())[name]
    model = read(shared_data / "polychora" / name)
    found = recover(one_decimal(model) if rounded else model)
    facts = found.checks
    vertices, faces, edges, cells = expected["header_counts_V_F_E_C"]
    # The header of the tesseract has its edges and faces in the other order.
    assert {facts["edges"], facts["faces"]} == {edges, faces}
    assert facts["edges"] == expected["edges_from_faces"]
    assert (facts["vertices"], facts["cells"]) == (vertices, cells)
    assert found.denominator == expected["common_denominator"]
    assert facts["squared_norms"] == classes(expected["vertex_norm2"])
    assert facts["squared_edge_lengths"] == classes(expected["edge_length2"])
    assert facts["squared_face_diagonals"] == classes(expected["face_diagonal2"])
    assert facts["faces_per_edge"] == {int(k): n for k, n in expected["faces_per_edge"].items()}
    assert facts["face_sizes"] == {int(k): n for k, n in expected["face_sizes"].items()}
    assert facts["euler_characteristic"] == expected["V-E+F-C"]
    assert facts["vertex_sum"] == tuple(GoldenExact(*x) for x in expected["vertex_sum"])
    assert len({token.exact for token in found.tokens}) == expected["distinct_exact_values"]
    if not rounded:
        assert len(found.tokens) == expected["distinct_tokens"]
    assert found.basis == ("literal" if name == "2-tes.off" else "decimals")
    dots = classes(expected["pair_dot_spectrum"])
    inner = (found.tensor @ found.tensor.T).reshape(-1)
    upper = np.triu(np.ones((vertices, vertices), dtype=bool), 1).ravel()
    a, b, d = inner[upper].numerators()
    pairs, counts = np.unique(np.stack([a, b]), axis=1, return_counts=True)
    spectrum = zip(pairs.T.tolist(), counts.tolist(), strict=True)
    assert {GoldenExact.from_numerators(*p, d): n for p, n in spectrum} == dots


def test_the_24_cell_of_irrational_scale_is_refused(shared_data):
    with pytest.raises(NotGoldenError) as caught:
        recover(read(shared_data / "polychora" / "4-ico.off"))
    error = caught.value
    assert isinstance(error.denominator, int)
    assert 1 <= error.denominator <= 12
    assert isinstance(error.window, GoldenExact)
    assert isinstance(error.kappa, GoldenExact)
    assert error.chance > 0.02
    assert error.chance_scale > 1e-3
    for said in ("D = ", "C = ", "kappa = ", "chance", "common scale", "12 decimals"):
        assert said in str(error)
    again = pickle.loads(pickle.dumps(error))
    assert (again.denominator, again.kappa, str(again)) == (
        error.denominator, error.kappa, str(error),
    )  # fmt: skip


@pytest.mark.parametrize("name", ["icosahedron", "dodecahedron", "snub-cube"])
def test_solids_in_turned_frames_are_refused(shared_data, name):
    solid = json.loads((shared_data / "polyhedra" / f"tess-{name}.json").read_text())
    with pytest.raises(NotGoldenError):
        recover(solid["vertices"])


def test_a_rational_cube_is_taken_literally():
    rows = list(product(("0.5", "-0.50"), repeat=3))
    found = recover(rows)
    assert found.basis == "literal"
    assert (found.denominator, found.window) == (2, GoldenExact("1/2"))
    assert found.separation == GoldenExact("1/4")
    assert found.checks["squared_norms"] == {GoldenExact("3/4"): 8}
    assert (found.rounding, found.decimals, found.fit, found.accident) == (0, None, None, 0.0)
    assert "taken literally" in found.summary()
    assert "taken literally" in found.report()["statement"]
    integers = recover([[10**30, 0], [0, -3]])
    assert (integers.denominator, integers.window) == (1, 10**30)
    assert integers.tensor[0, 0].item() == 10**30


def test_a_cube_of_thirds_needs_the_certificate():
    found = recover(list(product(("0.333333", "-0.333333"), repeat=3)))
    assert (found.basis, found.denominator, found.window) == ("decimals", 3, GoldenExact("1/3"))
    assert found.scale_proved


def test_zeros_are_literal_and_have_no_separation():
    found = recover([["0.0", "-0.0"], ["0", "0e5"]])
    assert (found.basis, found.denominator, found.window) == ("literal", 1, 0)
    assert found.separation is None
    assert found.checks["distinct_vertices"] == 1
    assert json.dumps(found.report(), allow_nan=False)
    assert "0 is the only" in found.summary()


def test_a_single_repeated_token():
    proved = recover([["0.80901699437495"] * 3] * 4)
    assert (proved.fit.evidence, proved.scale_proved) == (1, True)
    assert proved.checks["distinct_vertices"] == 1
    assert all(x.item() == HALF_PHI for x in proved.tensor.reshape(-1))
    with pytest.raises(NotGoldenError, match="accident"):
        recover([["0.8"] * 3] * 4)  # one value with one decimal proves nothing


def test_floats_and_spellings_and_exponents():
    """One exact value for all prints of it, and the points they make coincide."""
    rows = [
        ["0.80901699437495", "1.30901699437495"],
        ["8.0901699437495e-1", "130.901699437495E-2"],
        ["+0.809016994374949", "1.3090169943749"],
    ]
    found = recover(rows)
    assert found.decimals == 13  # 14 decimals were tried first
    assert found.tries == 2
    assert found.checks["distinct_vertices"] == 1
    assert len(found.tokens) == 6
    half = float(PHI) / 2
    assert recover([[half, half + 0.5]]).tensor.equals(found.tensor[:1])
    assert recover(np.array([[half, half + 0.5]])).tensor.equals(found.tensor[:1])


def test_last_digits_that_are_off():
    rows = [["0.809016994374947", "0.309016994374951"], ["-0.5", "0.80901699437495"]]
    found = recover(rows)
    assert (found.decimals, found.tries) == (14, 2)
    assert found.tensor[0, 1].item() == GoldenExact("-1/2", "1/2")
    for token, decimals in (("0.8090169943749", 13), ("0.80901699437", 11)):
        rows[0][0] = token
        found = recover(rows)
        assert found.decimals == decimals
        assert found.tensor[0, 0].item() == GoldenExact(0, "1/2")
        assert found.accident <= 0.02
    # Six digits off need to be told.
    rows[0][0] = "0.809016990000000"
    with pytest.raises(NotGoldenError, match=r"--decimals N"):
        recover(rows)
    assert recover(rows, decimals=8).decimals == 8


def test_the_decimals_argument():
    # 0.3142 is 0.0052 off (φ - 1)/2: neither 4 nor 3 decimals are right.
    rows = [["0.809", "1.309", "0.5"], ["0.3142", "2.118", "0"]]
    with pytest.raises(NotGoldenError):
        recover(rows)
    found = recover(rows, decimals=np.int64(1))
    assert (found.decimals, found.rounding) == (1, GoldenExact("1/10"))
    assert found.tensor[1, 0].item() == GoldenExact("-1/2", "1/2")
    # More decimals than are printed: trailing zeros were dropped, and the caller knows it.
    tenths = recover([["0.2", "0.4", "0.7"]], decimals=9)
    assert (tenths.decimals, tenths.denominator, tenths.scale_proved) == (9, 10, True)


@pytest.mark.parametrize("decimals", [-1, 1001, 10**9])
def test_decimals_out_of_range(decimals):
    with pytest.raises(ValueError, match="decimals must be from 0 to 1000"):
        recover([["0.8"]], decimals=decimals)


@pytest.mark.parametrize("decimals", [True, 2.0, "2"])
def test_decimals_of_another_type(decimals):
    with pytest.raises(TypeError, match="decimals must be an int"):
        recover([["0.8"]], decimals=decimals)


@pytest.mark.parametrize("tries", range(6))
def test_noise_up_to_five_digits(tries):
    """The rounding that is tried as number t pays with t², and the result says which it was."""
    values = [PHI / 2, PHI - 1, PHI, PHI / 2 - 1]
    rows = [[format(x, ".14f") for x in values]]
    clean = recover(rows)
    off = Decimal(f"2e-{15 - tries}") if tries else 0
    noisy = recover([[str(Decimal(token) + off) for token in rows[0]]])
    assert noisy.tensor.equals(clean.tensor)
    assert (noisy.decimals, noisy.tries) == (clean.decimals - tries, tries + 1)
    assert noisy.scale_proved
    assert noisy.report()["roundings_tried"] == tries + 1
    assert f"{noisy.decimals} decimals" in noisy.summary()


def test_doubles_with_noise_are_known_to_all_their_digits():
    noise = "1.2246467991473532e-16"
    found = recover([["2.0", noise, "3.0"], [noise, "-2.0", "0.0"]])
    assert (found.decimals, found.denominator, found.tries) == (14, 1, 1)
    assert [x.item() for x in found.tensor.reshape(-1)] == [2, 0, 3, 0, -2, 0]
    golden = recover([["1.618033988749895", noise, "0.5"], ["0.1", "1.0", noise]])
    assert golden.tensor[0, 0].item() == PHI
    assert golden.denominator == 10


@pytest.mark.parametrize(
    ("decimals", "scale_free"), thinned(product([2, 3], [False, True]), every=3)
)
def test_decimals_of_few_digits_are_no_proof(decimals, scale_free):
    """They are fractions over a D up to 1000, whatever they were rounded from."""
    rng = random.Random(decimals)
    points = [[rng.uniform(-1, 1) for _ in range(3)] for _ in range(5)]
    for spelling in ("{:.{}f}", "{:.{}f}000000000000"):
        rows = [[spelling.format(x, decimals) for x in point] for point in points]
        for more in ([], [["1.2e-16", "0.0", "0.0"]]):
            with pytest.raises(NotGoldenError, match="--decimals N"):
                recover(rows + more, scale_free=scale_free)


def test_the_largest_denominator():
    values = [PHI / 66, 5 * PHI / 22 - Fraction(1, 33), (3 - PHI) / 6]
    rows = [[format(x, ".14f") for x in values]]
    found = recover(rows)
    assert [x.item() for x in found.tensor[0]] == values
    assert (found.denominator, found.tries) == (66, 1)
    assert recover(rows, max_denominator=np.int64(66)).tensor.equals(found.tensor)
    with pytest.raises(NotGoldenError, match=r"up to 65 .*--max-denominator D") as caught:
        recover(rows, max_denominator=65)
    assert caught.value.denominator <= 65
    with pytest.raises(NotGoldenError):
        recover([[format(x / 17, ".14f") for x in values]])
    assert (
        recover([[format(x / 17, ".14f") for x in values]], max_denominator=1122).denominator
        == 1122
    )
    for bad in (0, -1, 10**7):
        with pytest.raises(ValueError, match="max_denominator must be from 1 to 1000000"):
            recover(rows, max_denominator=bad)
    with pytest.raises(TypeError, match="max_denominator must be an int"):
        recover(rows, max_denominator=66.0)


def test_unused_vertices_are_set_aside():
    model = icosahedron(9)
    far = (("0.123456789", "0.2", "0.3"), ("7.7777777", "-1", "0"))
    shifted = tuple(tuple(k + 1 for k in face) for face in model.faces)
    spoilt = Model((far[0], *model.vertices, far[1]), faces=shifted)
    found = recover(spoilt)
    assert found.left_out == (0, 13)
    assert found.tensor.equals(recover(model).tensor)
    assert found.model == Model(found.tensor, faces=model.faces)
    assert found.tries > 5
    assert "left out" in found.summary()
    assert "2 vertices, 0, 13: used by no edge and no face" in found.summary()
    assert found.report()["left_out"] == [0, 13]
    scaled = tuple(tuple(f"{float(x) * 1.2345678:.9f}" for x in row) for row in spoilt.vertices)
    assert recover(Model(scaled, faces=shifted), scale_free=True).left_out == (0, 13)
    with pytest.raises(NotGoldenError, match=r"2 vertices are used by no edge and no face, but"):
        recover(Model(scaled, faces=shifted))
    assert recover(model).left_out == ()
    assert recover(Model((*model.vertices, ("0", "0", "0")), faces=model.faces)).left_out == ()


def test_the_model_of_a_recovery(tmp_path):
    model = icosahedron(7)
    for found in (
        recover(model),
        recover(model, scale_free=True),
        recover(Model(CUBE, faces=SIDES)),
    ):
        assert found.model.tensor.equals(found.tensor)
        assert found.model.vertices == ()
    found = recover(model)
    assert (found.model.edges, found.model.faces) == (model.edges, model.faces)
    write(found.model, tmp_path / "a.json")
    assert read(tmp_path / "a.json").tensor.equals(found.tensor)
    points = [[str(x) for x in row] for row in ([0, 0], [1, 0], [0, 1])]
    assert recover(points).model == Model(recover(points).tensor)
    box = [["0", "0"], ["1.000000", "0"], ["0", "1.272019650"], ["1.000000", "1.272019650"]]
    assert recover(box, scale_free=True).tensor is None  # sides 1 and √φ
    assert recover(box, scale_free=True).model is None


CUBE = tuple(product(("0.5", "-0.5"), repeat=3))
SIDES = ((0, 1, 3, 2), (4, 5, 7, 6))


def test_fifty_digits_on_request():
    digits = 50
    values = [GoldenExact(a, b) / 12 for a, b in ((1, 0), (5, 7), (-4, 9), (3, -1), (2, 3))]
    rows = [[format(x, f".{digits}f") for x in values]]
    found = recover(rows, decimals=digits)
    assert (found.denominator, found.decimals, found.tries) == (12, digits, 1)
    assert [x.item() for x in found.tensor[0]] == values
    assert found.scale_proved


@pytest.mark.parametrize("rows", [[["1e999", "0.3"]], [["1e-999", "0.3"]], [["3e-400"]]])
def test_extreme_exponents_are_refused_in_words(rows):
    for decimals in (None, 0, 1000):
        with pytest.raises(NotGoldenError, match="kappa"):
            recover(rows, decimals=decimals, max_denominator=12)


def test_coordinates_beyond_int64():
    """Numerators above 2^63 with enough decimals to prove them."""
    values = [PHI**100 / 2, PHI**99, PHI**101 / 2 + 1]
    found = recover([[format(x, ".60f") for x in values]], decimals=60)
    assert [x.item() for x in found.tensor[0]] == values
    assert found.checks["squared_norms"] == {sum((x * x for x in values), GoldenExact(0)): 1}


def test_edges_that_the_digits_cannot_tell_apart_must_be_equal():
    # 3 - φ is φ^-4 = 0.146 above 2φ - 2: too near for one decimal, in the length of an edge.
    one, other = 2 * PHI - 2, 3 - PHI
    values = [GoldenExact(0), one, other, PHI - 1, GoldenExact(1), PHI, PHI + 1, 2 * PHI, 2 + PHI]

    def figure(decimals, edges):
        return Model(tuple((format(x, f".{decimals}f"),) for x in values), edges=edges)

    both = ((0, 1), (0, 2))
    with pytest.raises(NotGoldenError, match=r"edges of squared lengths 8 - 4φ and 10 - 5φ"):
        recover(figure(1, both))
    for model in (figure(1, ()), figure(1, ((0, 1), (0, 3))), figure(3, both)):
        assert [x.item() for x in recover(model).tensor.reshape(-1)] == values


def test_a_tensor_that_is_exact_already_is_measured():
    points = [[PHI, 1, 0], [-PHI, 1, 0], [0, 0, GoldenExact("1/3")]]
    model = Model((), edges=((0, 1), (1, 2)), tensor=ResonantTensor(points))
    found = recover(model)
    assert (found.basis, found.denominator, found.rounding) == ("exact", 3, 0)
    assert found.window == 1  # that of 1, above |φ'| = 1/φ
    assert found.separation == GoldenExact("1/18")
    assert found.tensor.equals(model.tensor)
    assert found.checks["squared_edge_lengths"][4 * PHI**2] == 1
    assert "given exactly" in found.summary()
    assert json.dumps(found.report(), allow_nan=False)


def test_nothing_to_recover():
    with pytest.raises(ShapeError, match="at least one"):
        recover([])
    with pytest.raises(ShapeError, match="at least one"):
        recover(Model(()))
    with pytest.raises(FormatError, match="row 1, column 0"):
        recover([["0.5"], ["nan"]])


def test_progress_goes_to_standard_error(capsys):
    recover([["0.80901699437495"]], progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "denominators" in err
    recover([["0.80901699437495"]])
    assert capsys.readouterr() == ("", "")


def icosahedron(decimals):
    golden = [(0, a, b * float(PHI)) for a in (1, -1) for b in (1, -1)]
    points = [point[k:] + point[:k] for point in golden for k in range(3)]
    edges = tuple(
        (i, j)
        for i, j in combinations(range(12), 2)
        if sum((x - y) ** 2 for x, y in zip(points[i], points[j], strict=True)) < 4.5
    )
    triangles = tuple(
        t for t in combinations(range(12), 3) if all(e in edges for e in combinations(t, 2))
    )
    rows = tuple(tuple(f"{x:.{decimals}f}" for x in point) for point in points)
    return Model(rows, edges=edges, faces=triangles)


def test_the_report_and_the_summary():
    found = recover(icosahedron(7))
    assert isinstance(found, Recovery)
    report = json.loads(json.dumps(found.report(), allow_nan=False))
    assert report["denominator"] == 1
    assert GoldenExact.parse(report["window"]) == found.window == 1
    assert GoldenExact.parse(report["separation"]) == found.separation == GoldenExact("1/2")
    assert GoldenExact.parse(report["rounding_interval"]) == found.rounding
    assert GoldenExact.parse(report["kappa"]) == found.fit.kappa < 1
    assert (report["decimals"], report["scale_proved"]) == (7, True)
    assert report["chance"] == found.accident == found.fit.chance <= 0.02
    assert report["chance_scale"] == found.fit.chance_scale
    assert (report["distinct_tokens"], report["distinct_values"]) == (5, 5)
    assert [fit["denominator"] for fit in report["denominators_tried"]] == list(range(1, 13))
    checks = report["checks"]
    assert checks["squared_edge_lengths"] == [["4", 30]]
    assert checks["squared_norms"] == [["2 + φ", 12]]
    assert checks["face_sizes"] == [[3, 20]]
    assert checks["vertex_sum"] == ["0", "0", "0"]
    assert checks["euler_characteristic"] == 2
    summary = found.summary()
    for line in (
        "common denominator  D = 1",
        "window              C = 1, ",
        "separation          1/(2CD^2) = 1/2 > 1e-7, the rounding interval (7 decimals)",
        "squared norms       2 + φ (12)",
        "edges               30, squared lengths 4 (30)",
        "V-E+F               2",
        "exclude an accident of the common scale",
    ):
        assert line in summary
    assert "12 vertices in dimension 3" in repr(found)
    vague = recover(icosahedron(2))
    assert not vague.scale_proved
    assert "cannot exclude a rescaling" in vague.summary()
    assert "cannot exclude a rescaling" in vague.report()["scale_statement"]


def test_many_classes_are_shortened_in_the_summary_alone():
    found = recover([[str(n)] for n in range(40)])
    assert "and 28 more" in found.summary()
    assert len(found.report()["checks"]["squared_norms"]) == 40
