"""Responses with one thing wrong: found when asked, refused or named when used."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
import pytest
from obspy import Inventory, UTCDateTime
from obspy.core.inventory import Channel, Network, Station
from obspy.core.inventory.response import (
    CoefficientsTypeResponseStage,
    FIRResponseStage,
    InstrumentSensitivity,
    PolesZerosResponseStage,
    PolynomialResponseStage,
    Response,
    ResponseListElement,
    ResponseListResponseStage,
)

import paektuseis as ps

ZEROS = [0j, 0j]
POLES = [-0.037 + 0.037j, -0.037 - 0.037j]
T0 = UTCDateTime(2024, 6, 1)


def a0(zeros: list[complex], poles: list[complex], frequency: float = 1.0) -> float:
    s = 2j * np.pi * frequency
    return float(abs(np.prod([s - p for p in poles]) / np.prod([s - z for z in zeros])))


def response() -> Response:
    """Return a 27-second seismometer on a digitiser with one FIR filter, 600 counts per µm/s."""
    laplace = "LAPLACE (RADIANS/SECOND)"
    first = PolesZerosResponseStage(
        1, 1500.0, 1.0, "M/S", "V", laplace, 1.0, list(ZEROS), list(POLES),
        normalization_factor=a0(ZEROS, POLES),
    )  # fmt: skip
    digital = CoefficientsTypeResponseStage(
        2, 4e5, 1.0, "V", "COUNTS", "DIGITAL", numerator=[], denominator=[],
        decimation_input_sample_rate=200.0, decimation_factor=1, decimation_offset=0,
        decimation_delay=0.0, decimation_correction=0.0,
    )  # fmt: skip
    fir = FIRResponseStage(
        3, 1.0, 1.0, "COUNTS", "COUNTS", "NONE", coefficients=[0.25, 0.5, 0.25],
        decimation_input_sample_rate=200.0, decimation_factor=2, decimation_offset=0,
        decimation_delay=0.005, decimation_correction=0.005,
    )  # fmt: skip
    return Response(
        instrument_sensitivity=InstrumentSensitivity(6e8, 1.0, "M/S", "COUNTS"),
        response_stages=[first, digital, fir],
    )


def inventory(*responses: Response | None, code: str = "HHZ", **more: Any) -> Inventory:
    more = {"dip": -90.0, "azimuth": 0.0, "sample_rate": 100.0, **more}
    channels = [
        Channel(code, "", 42.0, 128.0, 2000.0, 0.0, response=r, start_date=T0, **more)
        for r in responses
    ]
    return Inventory([Network("KP", [Station("PKS", 42.0, 128.0, 2000.0, channels=channels)])])


def test_a_sound_response_has_no_finding():
    assert len(ps.check_stations(inventory(response()))) == 0
    curve = ps.response_curve(inventory(response()), "KP.PKS..HHZ", T0, [1.0])
    assert abs(curve[0]) == pytest.approx(6e8, rel=1e-3)


def _set(item: Callable[[Response], Any], **values: Any) -> Callable[[Response], None]:
    def change(r: Response) -> None:
        for name, value in values.items():
            setattr(item(r), name, value)

    return change


def _stage(n: int) -> Callable[[Response], Any]:
    return lambda r: r.response_stages[n - 1]


def _sensitivity(r: Response) -> Any:
    return r.instrument_sensitivity


def _replaced(*stages: Any) -> Callable[[Response], None]:
    def change(r: Response) -> None:
        r.response_stages[0] = stages[0]

    return change


def _list_stage(amplitudes: list[float], frequencies: list[float] | None = None) -> Any:
    f = frequencies or [0.1, 1.0, 10.0]
    elements = [ResponseListElement(a, b, 0.0) for a, b in zip(f, amplitudes, strict=True)]
    return ResponseListResponseStage(1, 1500.0, 1.0, "M/S", "V", response_list_elements=elements)


POLYNOMIAL = PolynomialResponseStage(
    1, 1500.0, 1.0, "M/S", "V", 0.0, 1.0, 0.0, 1.0, 0.0, [0.0, 1.0, 2.0]
)
ERRORS = {
    "gain zero": (_set(_stage(1), stage_gain=0.0), "stage 1 has the gain 0"),
    "gain NaN": (_set(_stage(2), stage_gain=float("nan")), "stage 2 has the gain nan"),
    "gain huge": (_set(_stage(2), stage_gain=1e30), "hardly possible"),
    "pole NaN": (_set(_stage(1), poles=[complex("nan"), -1]), "no number"),
    "unstable": (_set(_stage(1), poles=[0.037 + 0.037j, 0.037 - 0.037j]), "unstable"),
    "a0 zero": (_set(_stage(1), normalization_factor=0.0), "normalisation factor 0"),
    "a0 wrong": (_set(_stage(1), normalization_factor=1000.0), "normalisation factor 1000"),
    "poles": (_set(_stage(1), poles=[-1.0] * 1001), "1001 poles"),
    "unit": (_set(_stage(1), input_units="BANANAS"), "'BANANAS' is no ground motion"),
    "chain": (_set(_stage(2), input_units="A"), "stage 2 takes A, but stage 1 gives V"),
    "fir NaN": (
        _set(_stage(3), _coefficients=[0.5, float("nan")]),
        "coefficient that is no number",
    ),
    "fir sum": (_set(_stage(3), coefficients=[0.5, -0.5]), "sum to 0"),
    "fir zeros": (_set(_stage(3), coefficients=[0.0, 0.0]), "sum to 0"),
    "iir": (_set(_stage(2), numerator=[1.0], denominator=[1.0, -1.5]), "outside the unit circle"),
    "missing": (_set(_stage(3), stage_sequence_number=4), "stages missing: 3"),
    "twice": (_set(_stage(3), stage_sequence_number=2), "stage 2 is given 2 times"),
    "rate zero": (_set(_stage(3), decimation_input_sample_rate=0.0), "decimates from 0 Hz"),
    "factor": (_set(_stage(3), decimation_factor=0), "decimates by 0"),
    "delay": (_set(_stage(3), decimation_delay=float("inf")), "delay inf"),
    "list": (_replaced(_list_stage([1.0, 0.0, 1.0])), "without amplitude at 1 Hz"),
    "list order": (_replaced(_list_stage([1.0] * 3, [1.0, 0.1, 10.0])), "do not rise"),
    "list short": (_replaced(_list_stage([1.0], [1.0])), "list of 1 frequencies"),
    "polynomial": (_replaced(POLYNOMIAL), "polynomial"),
    "sensitivity zero": (_set(_sensitivity, value=0.0), "overall sensitivity is 0"),
    "sensitivity NaN": (_set(_sensitivity, value=float("nan")), "overall sensitivity is nan"),
    "sensitivity off": (_set(_sensitivity, value=9.2e8), "1.5"),
    "sensitivity unit": (_set(_sensitivity, input_units="PA"), "overall sensitivity is for PA"),
    "no stages": (lambda r: r.response_stages.clear(), "only an overall sensitivity"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_what_is_wrong_is_found_and_refused(name):
    change, words = ERRORS[name]
    bad = response()
    change(bad)
    table = ps.check_stations(inventory(bad))
    if name == "no stages":
        assert table["check"].tolist() == ["no_response"]
    else:
        rows = table[table["severity"] == "error"]
        assert any(words in m for m in rows["message"]), table["message"].tolist()
        assert set(rows["trace_id"]) == {"KP.PKS..HHZ"}
    with pytest.raises(ps.MetadataError, match=r"KP\.PKS\.\.HHZ"):
        ps.response_curve(inventory(bad), "KP.PKS..HHZ", T0, [1.0])


WARNINGS = {
    "sensitivity 7 %": (_set(_sensitivity, value=6.42e8), "1.07 times", "warning"),
    "a0 7 %": (_set(_stage(1), normalization_factor=1.07), "normalisation factor 1.07", "warning"),
    "rates": (
        _set(_stage(3), decimation_input_sample_rate=400.0),
        "stage 3 takes 400 Hz",
        "warning",
    ),
    "last": (_set(_stage(3), output_units="V"), "gives V, not counts", "warning"),
    "order": (lambda r: r.response_stages.reverse(), "out of order", "info"),
    "frequency": (_set(_sensitivity, frequency=0.0), "given at 0 Hz", "info"),
    "nyquist": (_set(_sensitivity, frequency=80.0), "not below the Nyquist", "info"),
    "no sensitivity": (lambda r: setattr(r, "instrument_sensitivity", None), "no overall", "info"),
    "fir scale": (_set(_stage(3), coefficients=[0.5, 1.0, 0.5]), "sum to 2", "info"),
}


@pytest.mark.parametrize("name", WARNINGS)
def test_what_is_doubtful_is_named_and_used(name):
    change, words, severity = WARNINGS[name]
    odd = response()
    change(odd)
    table = ps.check_stations(inventory(odd))
    found = table[[words in m for m in table["message"]]]
    assert found["severity"].tolist() == [severity], table["message"].tolist()
    assert not (table["severity"] == "error").any()
    curve = ps.response_curve(inventory(odd), "KP.PKS..HHZ", T0, [1.0])
    assert abs(curve[0]) == pytest.approx(6e8, rel=0.08)


def test_signs():
    bad = response()
    bad.response_stages[0].stage_gain = -1500.0
    table = ps.check_stations(inventory(bad))
    assert table["severity"].tolist() == ["info", "warning"]
    assert "differ in sign" in table["message"][1]
    bad.instrument_sensitivity.value = -6e8
    assert set(ps.check_stations(inventory(bad))["severity"]) == {"info"}
    good = ps.response_curve(inventory(response()), "KP.PKS..HHZ", T0, [1.0])[0]
    assert ps.response_curve(inventory(bad), "KP.PKS..HHZ", T0, [1.0])[0] == pytest.approx(-good)


@pytest.mark.parametrize(
    ("units", "metres"), [("NM/S", 1e-9), ("CM/S", 1e-2), ("mm/s", 1e-3), ("m/s", 1.0)]
)
def test_prefixes_are_of_the_right_size(units, metres):
    scaled = response()
    scaled.response_stages[0].input_units = units
    scaled.instrument_sensitivity.input_units = units
    assert len(ps.check_stations(inventory(scaled))) == 0
    curve = ps.response_curve(inventory(scaled), "KP.PKS..HHZ", T0, [1.0])
    assert abs(curve[0]) == pytest.approx(6e8 / metres, rel=1e-3)


@pytest.mark.parametrize(
    ("units", "zeros", "flagged"),
    [
        ("M", 2, True),  # flat in what it says is displacement
        ("M", 3, False),
        ("M/S", 2, False),
        ("M/S", 3, True),
        ("M/S**2", 2, True),
        ("M/S**2", 1, False),
        ("M/S**2", 0, False),
    ],
)
def test_a_label_that_the_zeros_belie(units, zeros, flagged):
    odd = response()
    first = odd.response_stages[0]
    first.zeros = [0j] * zeros
    first.normalization_factor = a0(first.zeros, POLES)
    first.input_units = units
    odd.instrument_sensitivity.input_units = units
    table = ps.check_stations(inventory(odd))
    assert [("zeros at the origin" in m) for m in table["message"]] == [True] * flagged


def test_epochs():
    two = response()
    two.response_stages[0].stage_gain = 1510.0
    rows = ps.check_stations(inventory(response(), two))
    assert rows[["check", "severity"]].values.tolist() == [["response", "error"]]
    rows = ps.check_stations(inventory(response(), response()))
    assert rows[["check", "severity"]].values.tolist() == [["response", "info"]]
    for end in (T0, T0 - 86400):
        rows = ps.check_stations(inventory(response(), end_date=end))
        assert rows[["check", "severity"]].values.tolist() == [["wrong_epoch", "error"]]
        assert len(ps.check_stations(inventory(response(), end_date=end), time=T0)) == 0
        with pytest.raises(ps.MetadataError, match="no epoch covers"):
            ps.response_curve(inventory(response(), end_date=end), "KP.PKS..HHZ", T0, [1.0])
    far = inventory(None, end_date=UTCDateTime(2599, 12, 31))
    rows = ps.check_stations(far, time=T0 + 1)
    assert rows["check"].tolist() == ["no_response"]
    assert rows["endtime"].isna().all()
    assert rows["starttime"][0].timestamp() == T0.timestamp
    assert len(ps.check_stations(far, time=T0 - 1)) == 0
    with pytest.raises(ps.ParameterError, match="Inventory"):
        ps.check_stations([])


@pytest.mark.parametrize(
    ("code", "dip", "severity"),
    [
        ("HHZ", 0.0, ["warning"]),
        ("HHZ", 90.0, ["info"]),
        ("HHN", -90.0, ["warning"]),
        ("HHE", 0.0, []),
        ("HDH", 0.0, []),
        ("HHZ", -80.0, []),
    ],
)
def test_orientation(code, dip, severity):
    table = ps.check_stations(inventory(response(), code=code, dip=dip))
    assert table["severity"].tolist() == severity


def test_clean_on_real_stations(real_data):
    for name in ("piton_undervolc_2010/undervolc.xml",):
        assert len(ps.check_stations(ps.read_stations(real_data / name))) == 0


def test_nothing_is_changed():
    stations = inventory(response())
    before = deepcopy(stations)
    ps.check_stations(stations)
    assert stations == before
