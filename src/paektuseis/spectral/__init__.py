"""Spectra of one channel and the numbers that describe them.

Amplitude spectra of records, power spectral densities and spectrograms that
leave gaps out instead of filling them, Peterson's noise models, and spectral
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
from .density import power_spectral_density
from .describe import spectral_attributes
from .fourier import amplitude_spectrum
from .noise import NoiseModels, noise_models
from .timefrequency import spectrogram

__all__ = [
    "NoiseModels",
    "amplitude_spectrum",
    "bandwidth",
    "central_frequency",
    "centroid_frequency",
    "dominant_frequency",
    "frequency_index",
    "noise_models",
    "power_spectral_density",
    "shape_factor",
    "spectral_attributes",
    "spectral_entropy",
    "spectrogram",
]
