"""make help ends with the peers that `make trace-NN PEER=NAME` knows."""

from __future__ import annotations

import textwrap

from ..scenario import scenarios

WIDTH = 80


def main(_: list[str]) -> int:
    """Print each peer's name and title, in lines of at most WIDTH columns."""
    known = [s.slug if s.slug == s.title else f"{s.slug} ({s.title})"
             for s in scenarios()]
    print("\nPeers: make trace-NN PEER=NAME lets chapter NN meet one of these")
    print(textwrap.fill(", ".join(known), WIDTH, initial_indent="  ",
                        subsequent_indent="  ", break_on_hyphens=False))
    return 0
