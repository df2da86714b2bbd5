"""Canvas: "Download Submissions", flat.

    doejane_LATE_USERID_FILEID_server-1.c
    doejane_USERID_text.html
    doejane_USERID_link.html
    doejane_USERID_question_7_FILEID_server.c    a file in a quiz
    anon_abc12_FILEID_server.c    anonymous

`_LATE` stands there for who was; a second upload of a file is `server-1.c`.
A group's name may have "_" in it, and then also end in a number: in
`project_group_1_98_97_server.c` the USERID is 98, and the file server.c.
"""

from typing import Sequence

from . import Layout, Rows, Table, named

WHO = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")


def _importing(rows: Rows, exercises: Sequence[str]) -> Table:
    """Return what its gradebook imports: a column an assignment.

    Who is anonymous in the download can't be named to Canvas.
    """
    return (*WHO, *exercises), [
        {"Student": row["name"], "ID": row["id"], "SIS Login ID": row["login"],
         **{name: row[name] for name in exercises}}
        for row in rows if row["id"].isdigit()]


# What follows the name of a group: the file's own name begins after the
# last of the numbers.
AFTER = (r"(?:_LATE)?_\d+_(?:(?:question_\d+_)?\d+_"
         r"(?!\d+_|(?:text|link)\.html)|(?:text|link)\.html)")

LAYOUT = Layout(
    "canvas", "Canvas's download",
    named(rf"(?!.*_assignsubmission_)(?P<name>[^_]+|.+?(?={AFTER}))"
          r"(?P<late>_LATE)?_"
          r"(?P<id>\d+(?=_(?:question_\d+_)?\d+_.|_(?:text|link)\.html)"
          r"|(?<=^anon_)[^_]+(?=_\d+_.)"
          r"|(?<=^anon_LATE_)[^_]+(?=_\d+_.))"
          r"_(?:question_\d+_)?(?:\d+_)?(?P<file>.+)", folders=False),
    numbered=True, importing=_importing)
