"""Autolab: all submissions of an assessment, flat; the newest version counts.

    jdoe@example.edu_3_server.c
"""

from . import Layout, named

LAYOUT = Layout(
    "autolab", "Autolab's download",
    named(r"(?P<login>[^@]+@[^@]+?)_(?P<attempt>\d+)_(?P<file>.+)",
          folders=False))
