import dataclasses
import tomllib

import pytest

from paektuseis.config import (
    DetectorSettings,
    Settings,
    load_settings,
    settings_from_mapping,
    settings_hash,
    settings_to_toml,
)
from paektuseis.errors import ConfigError


def test_defaults_survive_the_trip_through_toml():
    text = settings_to_toml(Settings())
    assert settings_from_mapping(tomllib.loads(text)) == Settings()


def test_every_setting_is_explained_and_frozen():
    sections = [
        Settings().data,
        *Settings().detectors,
        Settings().amplitude,
        Settings().ratios,
        Settings().spectra,
        Settings().events,
        Settings().pages,
    ]
    for section in sections:
        for item in dataclasses.fields(section):
            assert item.metadata["help"], item.name
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().pages.dpi = 1


def test_a_file_changes_only_what_it_names(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text('[amplitude]\nwindow = 60\nfreqmin = "none"\n')
    settings = load_settings(path)
    assert settings.amplitude.window == 60.0
    assert settings.amplitude.freqmin is None
    assert settings.detectors == Settings().detectors


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ({"dta": {}}, "did you mean 'data'"),
        ({"data": {"detrent": "linear"}}, "did you mean 'detrend'"),
        ({"amplitude": {"window": "ten"}}, "amplitude.window='ten' must be a number"),
        ({"amplitude": {"window": -1}}, "greater than 0"),
        ({"amplitude": {"statistic": "mode"}}, "choose one of mean_abs"),
        ({"amplitude": {"freqmin": 20.0}}, "is not below freqmax"),
        ({"detectors": [{"thr_on": 100.0}]}, "ceiling is lta/sta=40"),
        ({"detectors": [{"sta": 30.0}]}, "shorter than lta"),
        ({"detectors": [{"name": "a"}, {"name": "a"}]}, "not all different"),
        ({"detectors": []}, "at least one"),
        ({"detectors": [{"name": "../x"}]}, "letters, digits"),
        ({"pages": {"stations": 1}}, "must be true or false"),
        ({"data": 3}, "must be a table"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_remedy(mapping, words):
    with pytest.raises(ConfigError, match=words):
        settings_from_mapping(mapping)


def test_the_file_is_named_in_the_error(tmp_path):
    path = tmp_path / "broken.toml"
    path.write_text("[data\n")
    with pytest.raises(ConfigError, match=r"broken\.toml: not valid TOML"):
        load_settings(path)
    with pytest.raises(ConfigError, match="cannot be read"):
        load_settings(tmp_path / "absent.toml")


def test_the_hash_changes_with_any_setting_and_only_then():
    assert settings_hash(Settings()) == settings_hash(settings_from_mapping({}))
    other = Settings(detectors=(DetectorSettings(thr_on=4.1),))
    assert settings_hash(other) != settings_hash(Settings(detectors=(DetectorSettings(),)))


def test_the_words_allowed_are_those_the_verbs_know():
    from paektuseis.amplitude import RATIO_FAMILY
    from paektuseis.amplitude._windows import STATISTICS
    from paektuseis.config import settings
    from paektuseis.detection.characteristic import METHODS
    from paektuseis.spectral import SSAM_EDGES

    assert settings.METHODS == METHODS
    assert settings.STATISTICS == STATISTICS
    assert settings.SSAM_EDGES == SSAM_EDGES
    assert tuple(r.name for r in RATIO_FAMILY) == settings.RATIOS
