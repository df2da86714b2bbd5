"""Moodle: "Download all submissions", in folders (its default) or flat.

    Full Name_123_assignsubmission_file/server.c    (older: ..._file_/)
    Full Name_123_assignsubmission_file_server.c
    Full Name_123_assignsubmission_onlinetext/onlinetext.html
    Group_123_...    a group; Participant_123_...    blind marking

The number is the one of its grading worksheet: `Participant 123`.
"""

from . import Layout, named

LAYOUT = Layout(
    "moodle", "Moodle's download",
    named(r"(?P<name>.+)_(?P<id>\d+)_assignsubmission_[a-z]+_?(?P<file>.*)"))
