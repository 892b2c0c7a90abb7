"""The profile of a monitored volcano.

Stations, a layered velocity model with travel times through it, the caldera,
named places, known contaminating sources and sensor azimuths, read from a TOML
file. The profile of Mount Paektu ships: ``load_network("paektu")``. Station
metadata (an obspy ``Inventory``) override and extend any profile.
"""

from .model import Layer, Phase, VelocityModel
from .network import Network, station_table
from .profile import load_network, parse_network, shipped_networks
from .records import (
    CERTAINTIES,
    AzimuthCorrection,
    Caldera,
    ContaminatingSource,
    NetworkStation,
    Place,
)
from .traveltime import Rays, ray_parameters, travel_time

__all__ = [
    "CERTAINTIES",
    "AzimuthCorrection",
    "Caldera",
    "ContaminatingSource",
    "Layer",
    "Network",
    "NetworkStation",
    "Phase",
    "Place",
    "Rays",
    "VelocityModel",
    "load_network",
    "parse_network",
    "ray_parameters",
    "shipped_networks",
    "station_table",
    "travel_time",
]
