"""The page of months and years: nothing absent is drawn as quiet."""

import matplotlib.colors
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.text import Text
from obspy import UTCDateTime

import paektuseis as ps
from paektuseis import ParameterError, Timeline
from paektuseis.plotting._time import _calendar, to_days

T0 = UTCDateTime("2010-01-01")
DAY = 86400.0
STATIONS = ("XX.AAA", "XX.BBB")
DAYS = 60


def stamps(days):
    return pd.DatetimeIndex([pd.Timestamp("2010-01-01", tz="UTC") + pd.Timedelta(days=d)
                             for d in days]).as_unit("ns")  # fmt: skip


def line(*, dead=range(20, 25), skipped=range(40, 45), detectors=("vt", "lp"), units="m/s"):
    """Sixty days: BBB silent for five, so nobody could count; five more never processed."""
    done = [d for d in range(DAYS) if d not in skipped]
    processed = pd.DataFrame(
        {"starttime": stamps(range(DAYS)), "share": [float(d in done) for d in range(DAYS)]}
    )
    availability = pd.DataFrame(
        {
            "station": np.repeat(STATIONS, DAYS).astype(str),
            "starttime": stamps(list(range(DAYS)) * 2),
            "share": [
                np.nan if d in skipped else 0.0 if s == "XX.BBB" and d in dead else 1.0
                for s in STATIONS
                for d in range(DAYS)
            ],
        }
    )
    rates = pd.DataFrame(
        [
            {
                "group": g,
                "starttime": stamps([d])[0],
                "count": 0 if d in dead else d % 7,
                "monitored": 0.0 if d in dead else 1.0,
                "stations_alive": 1.0 if d in dead else 2.0,
                "min_stations": 2,
            }
            for g in detectors
            for d in done
        ]
    )
    levels = [
        {
            "trace_id": f"{s}..HHZ",
            "starttime": stamps([d])[0],
            "units": units,
            "statistic": "mean_abs",
            "window": 600.0,
            "freqmin": 1.0,
            "freqmax": 16.0,
            "low": 0.5e-7 * (d + 1),
            "median": 1e-7 * (d + 1),
            "high": 2e-7 * (d + 1),
            "coverage": 1.0,
        }
        for s in STATIONS
        for d in done
        if not (s == "XX.BBB" and d in dead)
    ]
    ratios = [
        {
            "trace_id": r["trace_id"],
            "starttime": r["starttime"],
            "ratio": "dsar",
            "statistic": "median_abs",
            "quantity": "m",
            "window": 600.0,
            "low": 1.9,
            "median": 2.0 + 0.01 * i,
            "high": 2.1,
            "coverage": 1.0,
        }
        for i, r in enumerate(levels)
    ]
    return Timeline(
        starttime=T0,
        endtime=T0 + DAYS * DAY,
        step=DAY,
        processed=processed,
        availability=availability,
        rates=rates,
        amplitude=pd.DataFrame(levels),
        ratios=pd.DataFrame(ratios),
        source="made",
    )


def words(figure):
    return [t.get_text() for t in figure.findobj(Text) if t.get_text()]


def panel_of(figure, start):
    return next(a for a in figure.axes if a.get_title(loc="left").startswith(start))


def boxes(ax, *, hatched):
    """Return (left, bottom, right, top) of the bars of a panel, in days after the start."""
    found = []
    for c in ax.collections:
        if isinstance(c, PolyCollection) and bool(c.get_hatch()) == hatched:
            for p in c.get_paths():
                v = p.vertices
                found.append(
                    (
                        v[:, 0].min() - to_days(T0),
                        v[:, 1].min(),
                        v[:, 0].max() - to_days(T0),
                        v[:, 1].max(),
                    )
                )
    return found


def test_page_says_what_it_shows():
    page = ps.plot_timeline(line(), title_note="made for a test")
    assert tuple(page.get_size_inches()) == pytest.approx((8.27, 11.69))
    text = "\n".join(words(page))
    for part in (
        "made · 2010-01-01 to 2010-03-01 UTC",
        "steps of a day · 91.7 % of the span processed",
        "made for a test",
        "XX.AAA",
        "events, vt · ",
        "events, lp · ",
        "at 2 or more stations",
        "RSAM: mean |amplitude| in windows of 10 min, 1–16 Hz",
        "RSAM (m/s)",
        "DSAR: median of each step, from median amplitudes (m)",
        "not processed",
        "too few stations listened",
        "UTC, 2010-01-01 to 2010-03-01",
    ):
        assert part in text, part
    assert len(page.axes) == 1 + 2 + 2 + 1
    assert "SYNTHETIC" not in text
    assert any("SYNTHETIC" in w for w in words(ps.plot_timeline(line(), synthetic=True)))


def test_counts_are_bars_and_deaf_days_are_hatched():
    page = ps.plot_timeline(line())
    ax = panel_of(page, "events, vt")
    top = ax.get_ylim()[1]
    assert {(round(a), round(d)) for a, _, _, d in boxes(ax, hatched=False)} == {
        (d, d % 7)
        for d in range(DAYS)
        if d % 7 and d not in range(20, 25) and d not in range(40, 45)
    }
    hatched = boxes(ax, hatched=True)
    assert [(round(a, 6), round(c, 6)) for a, _, c, _ in hatched] == [
        (float(d), d + 1.0) for d in range(20, 25)
    ]
    assert all(b == 0.0 and d == pytest.approx(top) for _, b, _, d in hatched)
    assert ax.get_ylabel() == "per day"


def test_a_step_heard_in_part_is_hatched_in_part():
    one = line()
    rates = one.rates.copy()
    rates.loc[(rates["group"] == "vt") & (rates.index == 3), "monitored"] = 0.75
    ax = panel_of(ps.plot_timeline(Timeline(**{**vars(one), "rates": rates})), "events, vt")
    top = ax.get_ylim()[1]
    _, bottom, _, height = next(b for b in boxes(ax, hatched=True) if round(b[0]) == 3)
    assert (height - bottom) / top == pytest.approx(0.25)


def test_unprocessed_time_is_dotted_everywhere_and_lines_break():
    page = ps.plot_timeline(line())
    for ax in page.axes:
        spans = [p for p in ax.patches if p.get_hatch()]
        assert len(spans) == 1
        box = spans[0].get_extents().transformed(ax.transData.inverted())
        assert (box.x0 - to_days(T0), box.x1 - to_days(T0)) == pytest.approx((40.0, 45.0), abs=1e-6)
    ratio = page.axes[-1]
    for drawn, gaps in zip(ratio.lines, (1, 2), strict=True):
        assert np.isnan(drawn.get_xdata()).sum() == gaps
    rsam = page.axes[4].lines[0]
    days = np.asarray(rsam.get_xdata()) - to_days(T0)
    assert not ((days > 20) & (days < 25)).any()
    first = int(np.flatnonzero(days == 10.5)[0])
    assert rsam.get_ydata()[first] == pytest.approx(11e-7)


def test_availability_shade_is_the_share():
    one = line()
    availability = one.availability.copy()
    availability.loc[5, "share"] = 0.25
    ax = ps.plot_timeline(Timeline(**{**vars(one), "availability": availability})).axes[0]
    shades = ax.collections[0].get_facecolors()
    assert len(shades) == 55  # AAA: every processed day
    light = matplotlib.colors.rgb_to_hsv(shades[5, :3])[1]
    assert light < matplotlib.colors.rgb_to_hsv(shades[6, :3])[1]
    assert len(ax.collections[1].get_facecolors()) == 50  # BBB: five silent days are blank
    assert "90.9 %" in [t.get_text() for t in ax.texts]  # 50 of 55 processed days


def test_marks_go_through_all_panels():
    marks = pd.DataFrame({"time": stamps([30]), "label": ["erup$tion"]})
    page = ps.plot_timeline(line(), event_marks=marks)
    assert r"erup\$tion" in words(page)
    for ax in page.axes:
        at = [v.get_xdata()[0] for v in ax.lines if len(set(v.get_xdata())) == 1]
        assert to_days(T0) + 30 in [pytest.approx(a) for a in at]
    assert "visit" in words(ps.plot_timeline(line(), event_marks=[(T0 + 5 * DAY, "visit")]))
    with pytest.raises(ParameterError, match="event_marks"):
        ps.plot_timeline(line(), event_marks=pd.DataFrame({"when": [1]}))


def test_a_part_of_the_line_is_drawn():
    page = ps.plot_timeline(line(), starttime=T0 + 10 * DAY, endtime=T0 + 15 * DAY)
    assert page.axes[0].get_xlim() == pytest.approx((to_days(T0) + 10, to_days(T0) + 15))
    assert f"{sum(d % 7 for d in range(10, 15))} events" in "\n".join(words(page))


def test_results_are_asked_for_their_line():
    class Source:
        def timeline(self, **options):
            self.options = options
            return line()

    source = Source()
    ps.plot_timeline(source, stations="XX.*", step=DAY)
    assert source.options == {
        "starttime": None, "endtime": None, "stations": "XX.*", "step": DAY
    }  # fmt: skip
    with pytest.raises(ParameterError, match="open_results"):
        ps.plot_timeline([1, 2])
    with pytest.raises(ParameterError, match="when a time line is made"):
        ps.plot_timeline(line(), step=DAY)
    with pytest.raises(ParameterError, match="nothing between"):
        ps.plot_timeline(line(), starttime="2011-01-01", endtime="2012-01-01")


def test_empty_panels_say_so():
    one = line()
    empty = {
        "rates": one.rates.iloc[:0],
        "amplitude": one.amplitude.iloc[:0],
        "ratios": one.ratios.iloc[:0],
        "availability": one.availability.iloc[:0],
    }
    page = ps.plot_timeline(Timeline(**{**vars(one), **empty}))
    text = "\n".join(words(page))
    for part in ("none were counted", "no RSAM", "no ratio dsar", "no station recorded"):
        assert part in text


def test_one_unit_is_drawn_and_the_other_named():
    one, counts = line(), line(units="counts")
    both = pd.concat([one.amplitude, counts.amplitude.iloc[:10]], ignore_index=True)
    page = ps.plot_timeline(Timeline(**{**vars(one), "amplitude": both}))
    text = "\n".join(words(page))
    assert "RSAM (m/s)" in text
    assert "RSAM also exists as mean |amplitude| in windows of 10 min, 1–16 Hz in counts" in text


def test_the_page_can_be_printed(tmp_path):
    page = ps.plot_timeline(line())
    for kind in ("png", "pdf", "svg"):
        assert ps.save_figure(page, tmp_path / f"page.{kind}", dpi=50).stat().st_size > 10_000


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2010-01-01", "2020-01-01", {"2010": "2010-01-01", "2019": "2019-01-01"}),
        ("2010-01-01", "2011-01-01", {"01\n2010": "2010-01-01", "12": "2010-12-01"}),
        ("2010-02-01", "2010-03-01", {"01\n2010-02": "2010-02-01", "15": "2010-02-15"}),
        (
            "2010-02-27",
            "2010-03-02",
            {"27\n2010-02": "2010-02-27", "01\n2010-03": "2010-03-01"},
        ),
    ],
)
def test_ticks_stand_at_their_dates(start, end, expected):
    start, end = UTCDateTime(start), UTCDateTime(end)
    days, labels, _ = _calendar(start, end)
    at = dict(zip(labels, days, strict=True))
    for label, date in expected.items():
        assert at[label] == pytest.approx(to_days(date))
    assert all(to_days(start) <= d < to_days(end) for d in days)
    assert 3 <= len(days) <= 16
