"""C as HTML: comments, strings, the preprocessor and keywords marked."""

from __future__ import annotations

import re
from html import escape

KEYWORDS = """auto break case char const continue default do double else enum
extern float for goto if inline int long register restrict return short signed
sizeof static struct switch typedef union unsigned void volatile while
_Bool _Noreturn _Static_assert NULL""".split()
TOKEN = re.compile(
    r"(?P<comment>/\*.*?\*/|//[^\n]*)"
    r"|(?P<string>\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*')"
    r"|(?P<directive>^[ \t]*#(?:\\\n|/(?![*/])|[^\n/])*)"
    rf"|\b(?P<keyword>{'|'.join(KEYWORDS)})\b", re.S | re.M)


def marked(text: str, kind: str) -> str:
    """Return a token in its span, which is closed at each line's end."""
    return "\n".join(part and f'<span class="{kind}">{escape(part, False)}'
                     "</span>" for part in text.split("\n"))


def lines(source: str) -> list[str]:
    """Return each line of a source as HTML, without its newline."""
    found, here = "", 0
    for match in TOKEN.finditer(source):
        found += escape(source[here:match.start()], False)
        found += marked(match[0], match.lastgroup or "")
        here = match.end()
    return (found + escape(source[here:], False)).split("\n")
