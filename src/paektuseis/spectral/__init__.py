"""Spectra of one channel and the numbers that describe them.

Amplitude spectra of records, power spectral densities and spectrograms that
leave gaps out instead of filling them, spectral amplitude by band (SSAM),
hourly noise densities (PPSD), Peterson's noise models, and spectral
attributes: dominant, centroid and central frequency, bandwidth, shape factor,
entropy and the frequency index.
"""

from .attributes import (
    bandwidth,
    central_frequency,
    centroid_frequency,
    dominant_frequency,
    frequency_index,
    shape_factor,
    spectral_entropy,
)
from .bands import SSAM_EDGES, ssam
from .density import power_spectral_density
from .describe import spectral_attributes
from .fourier import amplitude_spectrum
from .noise import NoiseModels, noise_models
from .summaries import median_spectrum, octave_bands
from .timefrequency import minute_spectra, spectrogram

__all__ = [
    "SSAM_EDGES",
    "NoiseModels",
    "amplitude_spectrum",
    "bandwidth",
    "central_frequency",
    "centroid_frequency",
    "dominant_frequency",
    "frequency_index",
    "median_spectrum",
    "minute_spectra",
    "noise_models",
    "octave_bands",
    "power_spectral_density",
    "shape_factor",
    "spectral_attributes",
    "spectral_entropy",
    "spectrogram",
    "ssam",
]
