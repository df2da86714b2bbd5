"""The text of a paragraph as spans: code, links, images, emphasis.

Read is what GitHub's Markdown (GFM 0.29) makes of the constructs that our
pages use. All others are refused, so that no page looks different there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Mapping

TOKEN = re.compile(
    r"(?P<escape>\\[!-/:-@\[-`{-~])"
    r"|(?P<ticks>`+)(?P<code>(?:[^`]|(?!(?P=ticks)(?!`))`+(?!`))+?)"
    r"(?P=ticks)(?!`)"
    r"|(?P<bang>!?)\[(?P<label>(?:[^\[\]\\`]|\\.|`[^`]*`|!?\[[^\[\]]*\])*)\]"
    r"(?:\((?P<target>[^()\s]+)\)|\[(?P<reference>[^\[\]]*)\])?"
    r"|<(?P<bare>https?://[^<>\s]+)>"
    r'|<a id="(?P<anchor>[\w-]+)"></a>'
    r"|(?P<stars>\*\*?)(?=[^\s*])(?P<stressed>(?:`[^`]*`|[^`])+?)"
    r"(?<=[^\s*])(?P=stars)(?!\*)",
    re.S)
REFUSED = (
    (re.compile(r"</?[a-zA-Z][^>]*>|<!--"), "HTML"),
    (re.compile(r"&#?\w+;"), "a character reference"),
    (re.compile(r"~~"), "struck-out text"),
    (re.compile(r"\*\*|(?<!\w)\*(?=\w)|(?<=\w)\*(?!\w)"), "a lone *"),
    (re.compile(r"(?<!\w)__?(?=\w)"), "_ for emphasis: write *"),
    (re.compile(r"\\\n|  \n"), "a line break"),
    (re.compile(r"https?://|www\."), "a bare address: write <https://...>"),
    (re.compile("`"), "a lone `"),
)


class Refused(Exception):
    """A construct that is none of ours; the text names it."""


@dataclass(frozen=True)
class Span:
    """A piece of running text.

    `kind` is text, code, link, image, strong, emphasis or anchor. `text` is
    for text, code and the image's description, `target` for link, image and
    anchor, `children` for all that holds spans itself.
    """

    kind: str
    text: str = ""
    target: str = ""
    children: tuple[Span, ...] = field(default=())


def plain(spans: tuple[Span, ...]) -> str:
    """Return what a reader sees of spans, as text alone."""
    return "".join(span.text or plain(span.children) for span in spans)


def label(words: str) -> str:
    """Return a reference's label as labels are compared: GFM folds them."""
    return " ".join(words.split()).casefold()


def _text(raw: str) -> Span:
    """Take text as it stands, unless GitHub would make more of it."""
    for pattern, name in REFUSED:
        if pattern.search(raw):
            raise Refused(name)
    return Span("text", raw)


def _link(match: re.Match[str], references: Mapping[str, str]) -> Span:
    """Make a link or an image of `[words](target)` or `[words][label]`."""
    words, target = match["label"], match["target"]
    if target is None:
        named = match["reference"] or words
        target = references.get(label(named))
        if target is None and match["reference"] is not None:
            raise Refused(f"a link to [{named}], which is defined nowhere")
        if match.string.startswith("(", match.end()):
            raise Refused("a link whose target has spaces or a title")
        if target is None:
            return Span("text", match[0])
    if match["bang"]:
        return Span("image", words, target)
    return Span("link", "", target, spans(words, references))


def _span(match: re.Match[str], references: Mapping[str, str]) -> Span:
    """Make the span that a token stands for."""
    if match["escape"]:
        return Span("text", match["escape"][1])
    if match["ticks"]:
        code = match["code"].replace("\n", " ")
        padded = code[0] == code[-1] == " " and code.strip()
        return Span("code", code[1:-1] if padded else code)
    if match["label"] is not None:
        return _link(match, references)
    if match["bare"]:
        return Span("link", "", match["bare"], (Span("text", match["bare"]),))
    if match["anchor"]:
        return Span("anchor", "", match["anchor"])
    kind = "strong" if match["stars"] == "**" else "emphasis"
    return Span(kind, "", "", spans(match["stressed"], references))


def spans(text: str, references: Mapping[str, str]) -> tuple[Span, ...]:
    """Read running text; `references` are targets by folded label.

    Raises Refused.
    """
    found: list[Span] = []
    here = 0
    for match in TOKEN.finditer(text):
        if match.start() > here:
            found.append(_text(text[here:match.start()]))
        found.append(_span(match, references))
        here = match.end()
    if here < len(text):
        found.append(_text(text[here:]))
    return tuple(found)
