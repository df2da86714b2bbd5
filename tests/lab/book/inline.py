"""The text of a paragraph as spans: code, links, images, emphasis.

Read is what GitHub's Markdown (GFM 0.29) makes of the constructs that our
pages use. All others are refused, so that no page looks different there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Mapping

TOKEN = re.compile(
    r"(?P<escape>\\[!-/:-@\[-`{-~])"
    r"|(?P<ticks>`+)(?P<code>(?:[^`]|(?!(?P=ticks)(?!`))`+(?!`))+?)"
    r"(?P=ticks)(?!`)"
    r"|(?P<bang>!?)\[(?P<words>(?:[^\[\]\\`]|\\.|`[^`]*`|!?\[[^\[\]]*\])*)\]"
    r"(?:\((?P<target>[^()\s]+)\)|\[(?P<label>[^\[\]]*)\])?"
    r"|(?P<stars>\*\*?)(?=[^\s*])(?P<stressed>(?:`[^`]*`|[^`])+?)"
    r"(?<=[^\s*])(?P=stars)(?!\*)",
    re.S)
REFUSED = {
    r"<[a-zA-Z/!]": "HTML, or an address in angle brackets",
    r"&#?\w+;": "a character reference",
    r"~~": "struck-out text",
    r"\*\*|(?<!\w)\*(?=\w)|(?<=\w)\*(?!\w)": "a lone *",
    r"(?<!\w)__?(?=\w)": "_ for emphasis: write *",
    r"\\\n|  \n": "a line break",
    r"https?://|www\.": "a bare address: write [words](address)",
    r"`": "a lone `",
}


class Refused(Exception):
    """A construct that is none of ours; the text names it."""


@dataclass(frozen=True)
class Span:
    """A piece of running text.

    `kind` is text, code, link, image, strong or emphasis. `text` is that of
    text and code and an image's description, `target` a link's or an image's;
    the others hold `children`.
    """

    kind: str
    text: str = ""
    target: str = ""
    children: tuple[Span, ...] = ()


def plain(spans: tuple[Span, ...]) -> str:
    """Return what a reader sees of spans, as text alone."""
    return "".join(span.text or plain(span.children) for span in spans)


def folded(label: str) -> str:
    """Return a reference's label as labels are compared."""
    return " ".join(label.split()).casefold()


def _text(raw: str) -> Span:
    for pattern, name in REFUSED.items():
        if re.search(pattern, raw):
            raise Refused(name)
    return Span("text", raw)


def _link(match: re.Match[str], references: Mapping[str, str]) -> Span:
    """Make a link or an image of `[words](target)` or `[words][label]`."""
    target = match["target"] or references.get(
        folded(match["label"] or match["words"]))
    if match.string.startswith("(", match.end()):
        raise Refused("a link whose target has spaces or a title")
    if target is None and match["label"] is not None:
        raise Refused(f"a link to [{match['label']}], which leads nowhere")
    if target is None:
        return Span("text", match[0])
    if match["bang"]:
        return Span("image", match["words"], target)
    return Span("link", "", target, spans(match["words"], references))


def _span(match: re.Match[str], references: Mapping[str, str]) -> Span:
    if match["escape"]:
        return Span("text", match["escape"][1])
    if match["ticks"]:
        code = match["code"].replace("\n", " ")
        padded = code[0] == code[-1] == " " and code.strip()
        return Span("code", code[1:-1] if padded else code)
    if match["words"] is not None:
        return _link(match, references)
    kind = "strong" if match["stars"] == "**" else "emphasis"
    return Span(kind, children=spans(match["stressed"], references))


def spans(text: str, references: Mapping[str, str]) -> tuple[Span, ...]:
    """Read running text; `references` are targets by folded label.

    Raises Refused.
    """
    found, here = [], 0
    for match in TOKEN.finditer(text):
        found += [_text(text[here:match.start()]), _span(match, references)]
        here = match.end()
    return tuple(span for span in (*found, _text(text[here:]))
                 if span != Span("text"))
