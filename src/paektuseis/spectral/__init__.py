"""Spectra of one channel and the numbers that describe them.

Amplitude spectra of records, power spectral densities and spectrograms that
leave gaps out instead of filling them, spectral amplitude by band (SSAM),
hourly noise densities (PPSD), Peterson's noise models, and spectral
attributes: dominant, centroid and central frequency, bandwidth, shape factor,
entropy and the frequency index.
"""

from ._bands import SSAM_EDGES
from .attributes import (
    bandwidth,
    central_frequency,
    centroid_frequency,
    dominant_frequency,
    frequency_index,
    shape_factor,
    spectral_entropy,
)
from .bands import ssam
from .density import power_spectral_density
from .describe import spectral_attributes
from .fourier import amplitude_spectrum
from .hourly import NoisePSD, noise_psd
from .noise import NoiseModels, noise_models
from .summaries import median_spectrum, octave_bands
from .timefrequency import minute_spectra, spectrogram

__all__ = [
    "SSAM_EDGES",
    "NoiseModels",
    "NoisePSD",
    "amplitude_spectrum",
    "bandwidth",
    "central_frequency",
    "centroid_frequency",
    "dominant_frequency",
    "frequency_index",
    "median_spectrum",
    "minute_spectra",
    "noise_models",
    "noise_psd",
    "octave_bands",
    "power_spectral_density",
    "shape_factor",
    "spectral_attributes",
    "spectral_entropy",
    "spectrogram",
    "ssam",
]
