"""The text of a PDF, as Skia writes them (chromium prints so).

Each font has a CMap to Unicode (PDF 1.7, 9.10.3); text is shown by glyph
numbers of four digits.
"""

from __future__ import annotations

import re
import unicodedata
import zlib

CMap = dict[bytes, str]  # characters by their glyph numbers


def text(pdf: bytes) -> str:
    """Return the text of a PDF, without white space."""
    found = dict(re.findall(rb"\n(\d+) 0 obj\n(.*?)\nendobj", pdf, re.S))
    links = {number: re.search(rb"/ToUnicode (\d+) 0 R", body)
             for number, body in found.items()}
    fonts = {b"F" + number: _cmap(_stream(found[link[1]]))
             for number, link in links.items() if link}
    return bare("".join(_shown(_stream(body), fonts)
                        for body in found.values()))


def bare(text: str) -> str:
    """Return text without white space, and ligatures as letters."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text))


def _stream(body: bytes) -> bytes:
    """Return what an object's stream holds; nothing if it is an image."""
    head, found, rest = body.partition(b"stream\n")
    size = re.search(rb"/Length (\d+)", head)
    if not found or not size or b"/Subtype /Image" in head:
        return b""
    inner = rest[:int(size[1])]
    return zlib.decompress(inner) if b"FlateDecode" in head else inner


def _character(digits: bytes) -> str:
    return bytes.fromhex(digits.decode()).decode("utf-16-be")


def _cmap(body: bytes) -> CMap:
    """Read a CMap: single glyphs, and ranges of them."""
    table = {}
    for part in re.findall(rb"beginbfchar(.*?)endbfchar", body, re.S):
        for code, to in re.findall(rb"<(\w+)> <(\w+)>", part):
            table[code.upper()] = _character(to)
    for part in re.findall(rb"beginbfrange(.*?)endbfrange", body, re.S):
        for low, high, to in re.findall(rb"<(\w+)> <(\w+)> <(\w+)>", part):
            for step in range(int(high, 16) - int(low, 16) + 1):
                table[b"%04X" % (int(low, 16) + step)] = chr(
                    ord(_character(to)) + step)
    return table


def _shown(content: bytes, fonts: dict[bytes, CMap]) -> str:
    """Return the text that a page's content shows."""
    said, font = "", CMap()
    for name, glyphs in re.findall(
            rb"/(F\d+) [\d.]+ Tf|<([0-9A-Fa-f]+)> Tj", content):
        font = fonts.get(name, CMap()) if name else font
        said += "".join(font.get(glyphs[at:at + 4].upper(), "")
                        for at in range(0, len(glyphs), 4))
    return said
