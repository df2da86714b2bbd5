"""Autolab: all submissions of an assessment, flat; the newest version counts.

    jdoe@example.edu_3_server.c
    jdoe@example.edu_3_handin.c    if the assessment does not name the file
"""

from . import Layout, named

LAYOUT = Layout(
    "autolab", "Autolab's download",
    named(r"(?P<login>[^@]+@[^@]+?)_(?P<attempt>\d+)_(?P<file>.+)",
          folders=False),
    handed_in=r"handin(\.c)?")
