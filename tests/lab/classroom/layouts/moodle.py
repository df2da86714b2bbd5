"""Moodle: "Download all submissions", in folders (its default) or flat.

    Full Name_123_assignsubmission_file/server.c    (older: ..._file_/)
    Full Name_123_assignsubmission_file_server.c
    Full Name_123_assignsubmission_onlinetext/onlinetext.html
    Group_123_...    a group; Participant_123_...    blind marking

The number is the one of its grading worksheet: `Participant 123`.
"""

from typing import Sequence

from ...judging import MAXIMUM
from . import Layout, Rows, Table, named

IMPORTED = ("Identifier", "Full name", "Grade", "Maximum Grade",
            "Last modified (grade)")


def _importing(rows: Rows, exercises: Sequence[str]) -> Table:
    """Return the grading worksheet, as mod/assign/feedback/offline reads it.

    It takes a grade that it has already for newer if no date is given.
    """
    return IMPORTED, [
        {"Identifier": f"Participant {row['id']}", "Full name": row["name"],
         "Grade": row["total"], "Maximum Grade": MAXIMUM * len(exercises)}
        for row in rows if row["total"] != ""]


LAYOUT = Layout(
    "moodle", "Moodle's download",
    named(r"(?P<name>.+)_(?P<id>\d+)_assignsubmission_[a-z]+_?(?P<file>.*)"),
    importing=_importing)
