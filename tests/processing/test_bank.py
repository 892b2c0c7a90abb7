"""The filter bank against scipy, against longer arithmetic, and against itself in other blocks."""

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.integrate import cumulative_trapezoid
from scipy.signal import butter, sosfilt, sosfreqz

from paektuseis import ParameterError, memory_time, settling_time
from paektuseis.processing._bank import bank_block, bank_sections, filtered
from paektuseis.processing._design import butterworth

RATE = 100.0
BANDS = [(1, 16), (2, 5), (4.5, 8), (8, 16), (0.1, 2), (3, 20), (5, 6), (0.5, 40), (10, 49)]


def scipy_sections(low, high, corners=4):
    if high is None:
        return butter(corners, low / (RATE / 2), "highpass", output="sos")
    if low is None:
        return butter(corners, high / (RATE / 2), "lowpass", output="sos")
    return butter(corners, [low / (RATE / 2), high / (RATE / 2)], "bandpass", output="sos")


def ours(low, high, corners=4, integrated=False):
    return butterworth(low, high, corners, RATE, integrated).sections


def in_blocks(x, sections, sizes, offset=0.0):
    out = np.empty((len(sections), len(x)))
    state = np.zeros((*sections.shape[:2], 2))
    begin = 0
    while begin < len(x):
        end = min(begin + sizes[begin % len(sizes)], len(x))
        block = np.full((len(sections), end - begin), np.nan)
        bank_block(x, begin, end, offset, sections, state, block)
        out[:, begin:end] = block
        begin = end
    return out


@pytest.mark.parametrize("corners", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize(
    "band", [(2, 5), (0.01, 0.1), (0.1, 45), (1, 16), (8, 16), (1, None), (None, 8)]
)
def test_the_same_transfer_function_as_scipy(band, corners):
    f = np.geomspace(0.003, 49.9, 400)
    mine, theirs = (
        sosfreqz(s.copy(), f, fs=RATE)[1]
        for s in (ours(*band, corners), scipy_sections(*band, corners))
    )
    assert np.abs(mine - theirs).max() < 1e-7  # of 1: what coefficients of 16 digits give
    assert np.abs(mine - theirs)[f > 0.5].max() < 1e-11


@pytest.mark.parametrize("dtype", [np.int32, np.float32, np.float64])
@pytest.mark.parametrize("lanes", [1, 2, 4, 5, 9])
def test_equals_sosfilt_for_any_number_of_bands(rng, lanes, dtype):
    x = (1000 * rng.standard_normal(20_000) + 50).astype(dtype)
    sections = bank_sections([ours(*band) for band in BANDS[:lanes]])
    got = in_blocks(x, sections, [4096, 3, 1, 777], offset=50.0)
    for row, band in zip(got, BANDS, strict=False):
        truth = sosfilt(scipy_sections(*band), x.astype(np.float64) - 50.0)
        assert np.abs(row - truth).max() <= 1e-12 * np.abs(truth).max()


@pytest.mark.parametrize(
    "designs",
    [
        [((1, None), 4), ((None, 8), 4)],
        [((2, 5), 1), ((2, 5), 2), ((2, 5), 3), ((2, 5), 6), ((3, None), 5)],
        [((2, 5), 4), ((None, 8), 4)],
        [((5, 20), 7)],
    ],
)
def test_equals_sosfilt_for_any_kind_of_filter(rng, designs):
    x = 1000 * rng.standard_normal(10_000)
    got = in_blocks(x, bank_sections([ours(*band, corners) for band, corners in designs]), [999])
    for row, (band, corners) in zip(got, designs, strict=True):
        truth = sosfilt(scipy_sections(*band, corners), x)
        assert np.abs(row - truth).max() <= 1e-12 * np.abs(truth).max()


KINDS = [*((band, 4) for band in BANDS), ((1, None), 4), ((None, 8), 3), ((2, 5), 6), ((2, 5), 2)]


@given(
    lanes=st.lists(st.sampled_from(KINDS), min_size=1, max_size=7),
    sizes=st.lists(st.integers(1, 3000), min_size=1, max_size=4),
    seed=st.integers(0, 100),
)
@settings(max_examples=25, deadline=None)
def test_a_value_depends_neither_on_blocks_nor_on_its_neighbours(lanes, sizes, seed):
    x = np.random.default_rng(seed).standard_normal(5000)
    designs = [ours(*band, corners) for band, corners in lanes]
    together = in_blocks(x, bank_sections(designs), sizes)
    for row, design in zip(together, designs, strict=True):
        np.testing.assert_array_equal(row, filtered(x, bank_sections([design]))[0])


def longer_arithmetic(x, sections):
    """The same sections in numbers of 64 bits of fraction instead of 53."""
    y = x.astype(np.longdouble)
    for b0, b1, b2, _, a1, a2 in sections.astype(np.longdouble):
        p = q = np.longdouble(0)
        out = np.empty_like(y)
        for i, u in enumerate(y):
            v = b0 * u + p
            p = b1 * u - a1 * v + q
            q = b2 * u - a2 * v
            out[i] = v
        y = out
    return y


@pytest.mark.skipif(np.finfo(np.longdouble).nmant < 63, reason="no longer numbers here")
@pytest.mark.parametrize(("band", "digits"), [((0.01, 0.1), 1e-10), ((0.1, 2), 1e-12)])
def test_low_bands_keep_their_digits(rng, band, digits):
    """An offset of fifty times the signal, and a band far below the sampling rate."""
    x = 1000 * rng.standard_normal(30_000) + 5e4
    truth = longer_arithmetic(x, ours(*band))
    late = slice(15_000, None)
    size = np.abs(truth[late]).max()
    mine = filtered(x, bank_sections([ours(*band)]))[0]
    theirs = sosfilt(scipy_sections(*band), x)
    error, other = (float(np.abs(y - truth)[late].max() / size) for y in (mine, theirs))
    assert error < digits
    assert error < other / 3


@pytest.mark.parametrize("corners", [2, 4])
@pytest.mark.parametrize("band", [(4.5, 8), (8, 16), (0.5, 2)])
def test_integral_and_bandpass_are_one_filter(rng, band, corners):
    x = 1000 * rng.standard_normal(400_000)
    got = filtered(x, bank_sections([ours(*band, corners, integrated=True)]))[0]
    walk = cumulative_trapezoid(x, dx=1 / RATE, initial=0)
    truth = sosfilt(scipy_sections(*band, corners), walk)
    late = slice(int(2 * RATE * memory_time(RATE, freqmin=band[0], freqmax=band[1])), None)
    assert np.abs(got - truth)[late].max() <= 1e-9 * np.abs(truth[late]).max()


def test_an_offset_does_not_drift_when_integrated():
    got = filtered(np.full(200_000, 1e6), bank_sections([ours(4.5, 8, integrated=True)]))[0]
    assert np.abs(got[3000:]).max() < 1e-6
    assert np.abs(got).max() > 100


def test_only_a_bandpassed_record_is_integrated():
    with pytest.raises(ParameterError, match="freqmin and freqmax"):
        butterworth(1.0, None, 4, RATE, integrated=True)


def test_silence_leaves_no_number_too_small_to_be_quick():
    x = np.zeros(100_000)
    x[0] = 1e3
    sections = bank_sections([ours(*band) for band in BANDS])
    state = np.zeros((len(BANDS), 4, 2))
    out = np.empty((len(BANDS), 5000))
    for begin in range(0, 100_000, 5000):
        bank_block(x, begin, begin + 5000, 0.0, sections, state, out)
    tiny = np.finfo(float).tiny
    assert not ((np.abs(state) > 0) & (np.abs(state) < tiny)).any()
    assert (out[BANDS.index((8, 16))] == 0).all()


@pytest.mark.parametrize("band", [(0.01, 0.1), (2, 5), (1, 16), (1, None), (None, 8)])
def test_after_its_memory_time_a_start_is_forgotten(rng, band):
    low, high = band
    wait = math.ceil(RATE * memory_time(RATE, freqmin=low, freqmax=high))
    assert wait > RATE * settling_time(RATE, freqmin=low, freqmax=high)
    sections = bank_sections([ours(low, high)])
    step = np.ones(2 * wait)
    final = 1.0 if low is None else 0.0
    left = np.abs(filtered(step, sections)[0] - final)
    assert left[wait:].max() < 2e-10
    assert left[wait // 3 : wait].max() > 1e-8  # and not far sooner
