"""Scales of magnitude: hand-worked cases, units, distances."""

import math

import pytest

from paektuseis import DurationScale, MagnitudeScale, ParameterError, WoodAnderson, magnitude_scale
from paektuseis.source.duration import duration_scale
from paektuseis.source.scales import SCALES

# worked by hand from the printed formulas, amplitude in the unit each was made for
BY_HAND = [
    ("hutton_boore", 1.0, "mm", 100.0, 3.0),
    ("hutton_boore", 10.0, "mm", 17.0, 2.988928),  # 1 - 1.11 * 0.769551 - 0.15687 + 3
    ("hutton_boore", 0.5, "mm", 200.0, 3.222113),  # -0.301030 + 0.334143 + 0.189 + 3
    ("iaspei", 1000.0, "nm", 50.0, 2.890357),  # 3 + 1.885857 + 0.0945 - 2.09
    ("luckett", 1000.0, "nm", 5.0, 1.268567),  # 3 + 0.775857 + 0.00945 - 0.426740 - 2.09
    ("bakun_joyner", 2.0, "mm", 50.0, 2.849500),  # 0.301030 - 0.301030 - 0.1505 + 3
    ("greenfield_askja", 10.0, "mm", 17.0, 3.0),
    ("greenfield_bardarbunga", 1.0, "mm", 34.0, 2.431711),  # 0.377311 + 0.0544 + 2
    ("greenfield_combined", 1.0, "mm", 170.0, 3.4447),  # 1.1999 + 0.2448 + 2
    ("keir", 5.0, "mm", 34.0, 3.077424),  # 0.698970 + 0.360332 + 0.018122 + 2
    ("danakil", 1.0, "mm", 34.0, 2.378972),  # 0.383613 - 0.004641 + 2
]


@pytest.mark.parametrize(("name", "amplitude", "units", "distance", "expected"), BY_HAND)
def test_a_scale_gives_the_hand_worked_magnitude(name, amplitude, units, distance, expected):
    found = magnitude_scale(name).magnitude(amplitude, distance, units=units)
    assert found == pytest.approx(expected, abs=2e-6)


def test_every_scale_has_a_hand_worked_case_and_a_source():
    assert {case[0] for case in BY_HAND} == set(SCALES)
    assert all(scale.source for scale in SCALES.values())


def test_ten_millimetres_at_seventeen_kilometres_are_magnitude_three():
    # the definition Hutton & Boore replaced 1 mm at 100 km by; their formula keeps both to 0.02
    hutton = magnitude_scale("hutton_boore")
    assert hutton.magnitude(10.0, 17.0, units="mm") == pytest.approx(3.0, abs=0.02)
    assert hutton.magnitude(1.0, 100.0, units="mm") == 3.0


@pytest.mark.parametrize("name", sorted(SCALES))
def test_the_unit_of_the_amplitude_makes_no_difference(name):
    scale = magnitude_scale(name)
    values = [
        scale.magnitude(a, 60.0, units=u)
        for a, u in ((3e-4, "m"), (0.3, "mm"), (300.0, "um"), (3e5, "nm"))
    ]
    assert values == pytest.approx([values[0]] * 4, abs=1e-9)


def test_one_motion_is_one_magnitude_on_the_scales_of_southern_california():
    # mm on a trace of gain 2080 against nm of unit gain: 3.0 - 2.22 - 0.189 - log10(1e6/2080)
    motion = 4.2e-7
    one, other = magnitude_scale("hutton_boore"), magnitude_scale("iaspei")
    a = one.magnitude(one.from_motion(motion), 80.0, units="mm")
    b = other.magnitude(other.from_motion(motion), 80.0, units="nm")
    assert one.from_motion(motion) == pytest.approx(4.2e-7 * 2080 * 1e3)
    assert other.from_motion(motion) == pytest.approx(420.0)
    assert a - b == pytest.approx(0.591 + 2.09 + math.log10(2080 / 1e6), abs=1e-9)
    assert abs(a - b) < 0.001


def test_the_two_magnifications_differ_by_0_129():
    motion = 1e-6
    old = magnitude_scale("hutton_boore", gain=2800)
    new = magnitude_scale("hutton_boore")
    shift = math.log10(old.from_motion(motion)) - math.log10(new.from_motion(motion))
    assert shift == pytest.approx(0.1291, abs=1e-4)
    assert "2800" in old.amplitude_text
    assert "unit gain" in magnitude_scale("iaspei", gain=2800).amplitude_text


def test_near_the_source_luckett_is_lower_than_iaspei_and_far_away_it_is_the_same():
    a, b = magnitude_scale("iaspei"), magnitude_scale("luckett")
    near = a.correction(3.0, extrapolate=True) - b.correction(3.0)
    assert near == pytest.approx(1.16 * math.exp(-0.6), abs=1e-12)
    assert a.correction(60.0) == pytest.approx(b.correction(60.0), abs=1e-5)


def test_outside_its_distances_a_scale_refuses_unless_asked():
    scale = magnitude_scale("hutton_boore")
    with pytest.raises(ParameterError, match="outside the 10 to 700 km of hutton_boore"):
        scale.magnitude(1.0, 5.0, units="mm")
    found = scale.magnitude(1.0, 5.0, units="mm", extrapolate=True)
    assert found == pytest.approx(1.11 * math.log10(0.05) - 0.00189 * 95 + 3)


def test_a_table_is_read_between_its_entries_and_never_beyond():
    table = ((5.0, 1.8), (10.0, 2.0), (30.0, 2.6))  # made up for this test
    scale = MagnitudeScale(
        name="mine",
        amplitude_units="um",
        trace=False,
        distance="epicentral",
        components="mean",
        table=table,
    )
    assert scale.correction(10.0) == 2.0
    assert scale.correction(20.0) == pytest.approx(2.3)
    assert scale.magnitude(100.0, 20.0, units="um") == pytest.approx(4.3)  # log10 A (um) + R
    assert scale.magnitude(1e5, 20.0, units="nm") == pytest.approx(4.3)
    assert scale.limits_km == (5.0, 30.0)
    for distance in (4.9, 31.0):
        with pytest.raises(ParameterError, match="outside"):
            scale.correction(distance, extrapolate=True)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"amplitude_units": "cm"}, "one of m, mm, um, nm"),
        ({"components": "east"}, "geometric_mean"),
        ({"measure": "peak"}, "zero_to_peak"),
        ({"distance": "slant"}, "hypocentral"),
        ({"min_distance_km": 9.0, "max_distance_km": 8.0}, "min_distance_km < max_distance_km"),
        ({"spread": float("nan")}, "spread"),
        ({"table": ((1.0, 2.0), (0.5, 2.0))}, "spread or a table|rising"),
        ({"spread": float("nan"), "table": ((1.0, 2.0), (1.0, 2.1))}, "rising"),
        ({"spread": float("nan"), "table": ((1.0, 2.0),)}, "two or more"),
        ({"name": ""}, "name"),
    ],
)
def test_a_scale_that_cannot_be_is_refused(options, words):
    with pytest.raises(ParameterError, match=words):
        MagnitudeScale(**{"name": "mine", "amplitude_units": "mm", "spread": 1.0, **options})


def test_names_units_and_amplitudes_are_checked():
    with pytest.raises(ParameterError, match="did you mean 'hutton_boore'"):
        magnitude_scale("hutton_bore")
    with pytest.raises(ParameterError, match="has no colour"):
        magnitude_scale("iaspei", colour="red")
    scale = magnitude_scale("iaspei")
    with pytest.raises(ParameterError, match="units='counts'"):
        scale.magnitude(1.0, 50.0, units="counts")
    for amplitude in (0.0, -1.0, float("nan")):
        with pytest.raises(ParameterError, match="amplitude"):
            scale.magnitude(amplitude, 50.0, units="nm")
    with pytest.raises(ParameterError, match="positive distance"):
        scale.correction(float("nan"))
    with pytest.raises(ParameterError, match="gain"):
        WoodAnderson(gain=0)
    with pytest.raises(ParameterError, match="below 1"):
        WoodAnderson(damping=1.2)


def test_duration_scales_give_the_hand_worked_magnitude():
    assert duration_scale("lee").magnitude(50.0, 40.0) == pytest.approx(2.667940, abs=1e-6)
    assert duration_scale("michaelson").magnitude(50.0, 40.0) == pytest.approx(2.671837, abs=1e-6)
    assert duration_scale("swarm").magnitude(50.0, 40.0) == pytest.approx(2.310084, abs=1e-6)
    mine = DurationScale(name="mine", constant=-1.0, slope=2.5)
    assert mine.magnitude(10.0, 0.0) == pytest.approx(1.5)
    with pytest.raises(ParameterError, match="did you mean 'michaelson'"):
        duration_scale("michelson")
    with pytest.raises(ParameterError, match="start"):
        DurationScale(name="mine", constant=0.0, slope=1.0, start="S")
    with pytest.raises(ParameterError, match="tau"):
        mine.magnitude(0.0, 1.0)
