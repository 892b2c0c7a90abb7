"""How the documentation is built: no theme, script or inventory is fetched from anywhere."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

import paektuseis

project = "paektuseis"
author = "The paektuseis developers"
project_copyright = "The paektuseis developers"
version = release = paektuseis.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "offline_math",
    "from_the_code",
    "gallery",
]
# No intersphinx: the inventories of obspy, numpy and pandas would have to be downloaded.

exclude_patterns = ["_build", "_ext", "_templates"]
templates_path = ["_templates"]
default_role = None
html_theme = "alabaster"
html_theme_options = {
    "description": "Volcano seismology from archived waveforms to station and event summaries",
    "fixed_sidebar": True,
    "page_width": "1080px",
    "sidebar_width": "240px",
}
html_show_sphinx = False
html_copy_source = False
html_math_renderer = "offline"

autosummary_generate = True
autosummary_imported_members = False
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": False}
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
suppress_warnings = ["config.cache"]  # the template of classes is given a function
