"""Canvas: "Download Submissions", flat.

    doejane_LATE_USERID_FILEID_server-1.c
    doejane_USERID_text.html
    anon_abc12_FILEID_server.c    anonymous

`_LATE` stands there for who was; a second upload of a file is `server-1.c`.
"""

from . import Layout, named

LAYOUT = Layout(
    "canvas", "Canvas's download",
    named(r"(?P<name>[^_]+)(?P<late>_LATE)?_"
          r"(?P<id>\d+(?=_\d+_.|_text\.html)|(?<=^anon_)\w{5}(?=_\d+_.)"
          r"|(?<=^anon_LATE_)\w{5}(?=_\d+_.))"
          r"_(?:\d+_)?(?P<file>.+)", folders=False),
    numbered=True)
