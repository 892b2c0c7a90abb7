"""A period gives the same tables however it is cut: three days, a day, six hours at a time."""

import itertools

import numpy as np
import pandas as pd
import pytest

import paektuseis as ps

from .conftest import DAYS, START

EXACT = ("time", "starttime", "endtime", "peak_time")


@pytest.fixture(scope="module")
def runs(archive, settings, tmp_path_factory):
    """Folders of the same archive: at once, by day, in six-hour pieces, in uneven pieces."""
    base = tmp_path_factory.mktemp("runs")
    ps.run_archive(archive, settings, base / "whole")
    for name, cuts in (
        ("days", [0, 24, 48, 72]),
        ("pieces", range(0, 73, 6)),
        ("uneven", [0, 5, 6, 23, 24, 25, 41, 48, 60, 72]),
    ):
        for a, b in itertools.pairwise(cuts):
            ps.run_archive(
                archive, settings, base / name, starttime=START + a * 3600, endtime=START + b * 3600
            )
    return base


def read(folder, name):
    results = ps.open_results(folder)
    if name in ("spectra", "noise"):
        return None
    return results.table(name)


def ordered(frame):
    keys = [c for c in ("trace_id", "detector", "group", "ratio", "check", "starttime", "time",
                        "freqmin", "event_id") if c in frame.columns]  # fmt: skip
    return frame.sort_values(keys, kind="stable", ignore_index=True)


def same(a, b, name):
    a, b = ordered(a), ordered(b)
    assert list(a.columns) == list(b.columns)
    assert len(a) == len(b), name
    for column in a.columns:
        left, right = a[column], b[column]
        if pd.api.types.is_float_dtype(left.dtype):
            np.testing.assert_allclose(left, right, rtol=1e-9, err_msg=f"{name}.{column}")
        else:
            assert left.astype(object).tolist() == right.astype(object).tolist(), f"{name}.{column}"


@pytest.mark.parametrize("other", ["days", "pieces", "uneven"])
@pytest.mark.parametrize(
    "name",
    ["triggers", "detections", "events", "rsam", "ssam", "ratios", "rates", "availability",
     "gaps", "monitoring"],
)  # fmt: skip
def test_tables_do_not_depend_on_how_the_period_is_cut(runs, other, name):
    whole = read(runs / "whole", name)
    assert len(whole), name
    same(whole, read(runs / other, name), name)


@pytest.mark.parametrize("other", ["days", "pieces", "uneven"])
def test_spectra_and_noise_are_the_same_bits(runs, other):
    whole, cut = ps.open_results(runs / "whole"), ps.open_results(runs / other)
    for method in ("spectrogram", "noise"):
        for trace_id in ("XX.A..HHZ", "XX.B..HHZ"):
            span = {"starttime": START, "endtime": START + DAYS * 86400}
            a = getattr(whole, method)(trace_id, **span)
            b = getattr(cut, method)(trace_id, **span)
            assert np.isfinite(a.values).any()
            np.testing.assert_array_equal(a.values, b.values)


def test_error_spans_are_found_whole_over_midnight(runs):
    for folder in ("whole", "pieces"):
        quality = read(runs / folder, "quality")
        flat = quality[(quality["check"] == "flat") & (quality["trace_id"] == "XX.D..HHZ")]
        assert len(flat) == 1, folder
        length = (flat["endtime"] - flat["starttime"]).dt.total_seconds().iloc[0]
        assert length == pytest.approx(17.0, abs=0.1)


def test_physical_units_do_not_depend_on_the_cut_either(
    archive, settings, inventory, tmp_path_factory
):
    base = tmp_path_factory.mktemp("physical")
    day = {"starttime": START + 86400, "endtime": START + 2 * 86400}
    ps.run_archive(archive, settings, base / "whole", inventory=inventory, **day)
    for a in range(24, 48, 6):
        ps.run_archive(
            archive, settings, base / "pieces", inventory=inventory,
            starttime=START + a * 3600, endtime=START + (a + 6) * 3600,
        )  # fmt: skip
    for name in ("rsam", "ssam", "ratios"):
        whole = read(base / "whole", name)
        same(whole, read(base / "pieces", name), name)
    assert set(read(base / "whole", "rsam")["units"]) == {"m/s"}
    whole, cut = ps.open_results(base / "whole"), ps.open_results(base / "pieces")
    for method, unit in (("spectrogram", "(m/s)**2/Hz"), ("noise", "(m/s**2)**2/Hz")):
        a = getattr(whole, method)("XX.A..HHZ", **day)
        b = getattr(cut, method)("XX.A..HHZ", **day)
        assert unit in a.units
        assert np.isfinite(a.values).any()
        np.testing.assert_array_equal(a.values, b.values)
