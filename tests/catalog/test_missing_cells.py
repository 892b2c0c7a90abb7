"""Round trips through QuakeML of tables in which cells are missing, and ids that resolve."""

from __future__ import annotations

import io
import math

import obspy
import pandas as pd
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

import paektuseis as ps
from paektuseis import tables

T0 = pd.Timestamp("2011-06-14T04:57:59.999999", tz="UTC")
TEXTS = {
    "trace_id": ["XP.PL03..HHZ", "XP.PL07.00.HHN", "STA", "A.B", ".PL03.."],
    "phase": ["P", "S", ""],
    "polarity": ["", "up", "down"],
    "label": [*tables.LABELS, "rock fall <&>", ""],
    "kind": ["ML", "Mw", ""],
}
VALUES = {
    "float": st.one_of(
        st.just(math.nan), st.integers(-9000, 9000).map(lambda v: v / 100), st.just(0.0)
    ),
    "int": st.integers(0, 9),
    "time": st.one_of(
        st.just(pd.NaT), st.integers(0, 10**12).map(lambda us: T0 + pd.to_timedelta(us, unit="us"))
    ),
    "bool": st.booleans(),
    "list": st.lists(st.sampled_from(["1U.JGPD", "a b"]), max_size=2).map(tuple),
    "text": st.sampled_from(["", "x", "천지", 'a, b < c & "d"\n{}']),
}


@st.composite
def catalogues(draw):
    """Return tables of a few events, each table with no, one or several rows of an event."""
    rows = {
        name: [] for name in ("events", "picks", "origins", "residuals", "magnitudes", "classes")
    }
    for event_id in draw(st.lists(st.sampled_from(["e-1", "e/2", "천지", "=1+1"]), unique=True)):
        for name, found in rows.items():
            schema = getattr(tables, name.upper())
            most = 1 if name in ("events",) else 3
            for _ in range(draw(st.integers(0, most))):
                row = {}
                for c in schema.columns:
                    choices = st.sampled_from(TEXTS[c.name]) if c.name in TEXTS else VALUES[c.kind]
                    row[c.name] = event_id if c.name == "event_id" else draw(choices)
                row["event_id"] = event_id
                if name == "residuals" and row["time"] is pd.NaT:
                    row["time"] = T0  # one without takes that of its pick
                found.append(row)
    return ps.CatalogueTables(**{k: getattr(tables, k.upper()).frame(v) for k, v in rows.items()})


def by_event(table: pd.DataFrame) -> list[tuple[str, ...]]:
    """Return rows as text in an order of their own: what QuakeML cannot hold comes after."""

    def text(v):
        if isinstance(v, float):
            return "nan" if math.isnan(v) else f"{v + 0.0:.6f}"
        return str(v).replace("\\n", "\n")

    return sorted(tuple(text(v) for v in row) for row in table.itertuples(index=False))


@settings(
    max_examples=12, phases=[Phase.generate], deadline=None, suppress_health_check=list(HealthCheck)
)
@given(data=catalogues())
def test_quakeml_keeps_rows_with_missing_cells(data):
    catalog = ps.to_catalog(data)
    out, again = io.BytesIO(), io.BytesIO()
    catalog.write(out, format="QUAKEML")
    ps.to_catalog(data).write(again, format="QUAKEML")
    assert out.getvalue() == again.getvalue()
    out.seek(0)
    back = ps.from_catalog(obspy.read_events(out, format="QUAKEML"))
    assert back.problems == ()
    for name in ("events", "picks", "origins", "residuals", "magnitudes", "classes"):
        one, two = getattr(data, name), getattr(back, name)
        assert by_event(one[two.columns]) == by_event(two), name
