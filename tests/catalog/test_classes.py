"""Classes on labelled synthetic events, and the tables that score them."""

import json

import numpy as np
import pandas as pd
import pytest

from paektuseis import load_network, tables
from paektuseis.catalog import classify_events, confusion_table, event_features, macro_f1
from paektuseis.catalog.rules import Criterion, Rules
from paektuseis.catalog.training import EventModel, load_event_model, train_classifier
from paektuseis.errors import ParameterError
from paektuseis.synthetic import labelled_events


@pytest.fixture(scope="module")
def measured():
    network = load_network("paektu")
    rows, truth, windows = [], [], []
    for window in labelled_events(network, n_per_class=1, seed=77):
        rows.append(event_features(window.stream, window.event, network=network))
        truth.append(window.label)
        windows.append(window)
    return pd.concat(rows, ignore_index=True), truth, windows


def test_classes_of_fresh_events(measured):
    features, truth, _ = measured
    found = classify_events(features)
    assert list(found["event_id"]) == list(features["event_id"])
    assert np.mean(found["label"] == np.array(truth)) >= 0.8
    assert found["margin"].between(0, 1).all()
    for row in found.itertuples():
        assert row.reason.startswith(f"{row.label}: ")
        assert "(" in row.reason


def test_the_frequency_index_is_the_literal_one(measured):
    _, _, windows = measured
    window = next(w for w in windows if w.label == "VT")
    one = window.stream.select(station="JGPD", channel="HHZ")
    row = event_features(one, window.event).iloc[0]
    trace = one[0]
    rate = trace.stats.sampling_rate
    from paektuseis._segments import segments
    from paektuseis.catalog._measures import measure

    piece = segments(one)[trace.id][0]
    trigger = window.time - trace.stats.starttime
    m = measure(np.asarray(piece.data, float), rate, trigger, np.nan, trace.id)
    x = trace.data[int(m.onset * rate) : int(max(m.end, m.onset + 5) * rate)].astype(float)
    import obspy

    from paektuseis.spectral import amplitude_spectrum

    spectrum = amplitude_spectrum(obspy.Trace(x, {"sampling_rate": rate}))
    f, a = spectrum.frequencies, spectrum.values
    literal = np.log10(a[(f >= 10) & (f <= 20)].mean() / a[(f >= 1) & (f <= 2)].mean())
    assert row["frequency_index"] == pytest.approx(literal, abs=1e-9)


def test_missing_features_are_neutral():
    criterion = Criterion(feature="snr", above=2.0, relative=True)
    assert criterion.membership(np.nan) == criterion.membership(2.0) == 0.5
    none = classify_events(tables.FEATURES.frame([{"event_id": "a"}]))
    assert none["label"].tolist() == [""]
    assert np.isnan(none["margin"][0])


def test_a_catalogued_earthquake_is_recognised():
    row = {"event_id": "a", "snr": 20.0, "peak_delay": 2.0, "frequency_index": 0.0}
    known = row | {"catalogue_misfit": 1.0, "catalogue_distance": 40.0}
    found = classify_events(tables.FEATURES.frame([row, known]))
    assert found["label"].tolist()[1] == "teleseism" != found["label"].tolist()[0]
    assert "predicted arrival" in found["reason"][1]


def test_scores_against_a_hand_worked_case():
    truth, given = ["VT", "VT", "VT", "LP"], ["VT", "VT", "LP", "LP"]
    assert confusion_table(truth, given).to_numpy().tolist() == [[2, 1], [0, 1]]
    assert macro_f1(truth, given) == pytest.approx((0.8 + 2 / 3) / 2)
    with pytest.raises(ParameterError):
        confusion_table(["VT"], [])


def test_bad_rules_are_refused():
    with pytest.raises(ParameterError):
        Criterion(feature="colour", above=1.0)
    with pytest.raises(ParameterError):
        Rules(classes={"cat": ()})


def test_a_model_is_trained_saved_and_read(tmp_path, rng):
    pytest.importorskip("sklearn")
    rows, labels = [], []
    for i in range(60):
        label = ("VT", "LP", "tremor")[i % 3]
        centre = {"VT": (0.2, 4.0), "LP": (-1.6, 6.0), "tremor": (-1.7, 150.0)}[label]
        rows.append({"event_id": str(i), "frequency_index": centre[0] + rng.normal(0, 0.2),
                     "significant_duration": centre[1] * np.exp(rng.normal(0, 0.2))})  # fmt: skip
        labels.append(label)
    features = tables.FEATURES.frame(rows)
    model = train_classifier(features, labels)
    assert model.macro_f1 > 0.8
    assert sum(sum(r.values()) for r in model.confusion.values()) == 60
    again = load_event_model(model.save(tmp_path / "model.json"))
    assert again == model
    found = classify_events(features, rules=again)
    assert macro_f1(labels, found["label"]) > 0.8
    assert found["reason"].str.contains("frequency index|significant duration|no single").all()
    shuffled = train_classifier(features, list(rng.permutation(labels)))
    assert shuffled.macro_f1 < 0.6
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps({"format": "other"}))
    with pytest.raises(ParameterError):
        load_event_model(bad)
    with pytest.raises(ParameterError):
        train_classifier(features.head(3), labels[:3])
    assert isinstance(again, EventModel)
