"""A kept ladder as a table of three columns, a row a step."""

from __future__ import annotations

from html import escape
from typing import Any

from ..ladder.kept import Kept


def boxed(kind: str, name: str, inner: str, tag: str = "div") -> str:
    """Return what may be wider than the page, and is scrolled in it then."""
    return f'<{tag} class="{kind}" role="group" tabindex="0" aria-label="' \
           f'{escape(name)}">{inner}</{tag}>\n'


def _party(event: Any) -> str:
    """Return what a party did; what is wrong is marked, and why is said."""
    if not event:
        return "<td></td>"
    text, wrong, why = event
    note = f" <small>({escape(why)})</small>" if why else ""
    return (f"<td><code{' class=bad' if wrong else ''}>{escape(text)}</code>"
            f"{note}</td>")


def _wire(arrow: Any, left: str, right: str) -> str:
    """Return what crossed, drawn by the style sheet and said in words."""
    if not arrow:
        return '<td class="wire"></td>'
    kind, label, to_right = arrow
    way = f"{left} to {right}" if to_right else f"{right} to {left}"
    return (f'<td class="wire {kind} {"right" if to_right else "left"}">'
            f'<span><b class="said">{way}: </b>{escape(label)}</span></td>')


def table(ladder: Kept) -> str:
    """Return a ladder as a table, a row a step."""
    parties = ladder["left"], ladder["right"]
    rows = ""
    for step, (left, arrow, right, out) in enumerate(ladder["rows"], 1):
        cells = f'<td colspan="3">{out:,} rows are left out</td>' if out \
            else _party(left) + _wire(arrow, *parties) + _party(right)
        rows += f'<tr><th scope="row">{step}</th>{cells}</tr>\n'
    heads = "".join(f'<th scope="col">{head}</th>' for head in (
        '<span class="said">Step</span>', parties[0], "wire", parties[1]))
    inner = f"<table><caption>{escape(ladder['title'])}</caption>\n<thead>" \
            f"<tr>{heads}</tr></thead>\n<tbody>{rows}</tbody></table>"
    return '<figure class="ladder">' \
           f"{boxed('wide', ladder['title'], inner)}</figure>\n"
