"""Files and tables, written so that half of one is never there."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path
from typing import Any, Mapping, Sequence

from .. import printable


def write_whole(place: Path, content: str) -> None:
    """Write a file that is there whole or not at all."""
    part = place.with_name(place.name + ".part")
    part.write_text(content, encoding="utf-8", errors="replace")
    os.replace(part, place)


def write_table(place: Path, columns: Sequence[str],
                rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write a table in which no cell is a formula."""
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow([printable.cell(column) for column in columns])
    for row in rows:
        table.writerow([printable.cell(row.get(c, "")) for c in columns])
    write_whole(place, text.getvalue())
    return place
