"""Scripts that several exercises have: what a client of a server does.

    exercise.also("silent", scripts.no_thanks, "the client ends without "
                  "thanks", twin="polite", thanks=b"")
"""

from __future__ import annotations

from .players import Client


def thanks(client: Client) -> None:
    """Hear the file, then say the thanks."""
    client.hears_to_eof()
    client.says(client.thanks)
    client.half_closes()


def early_thanks(client: Client) -> None:
    """Say all before the server, which is `stopped`, can look; then hear."""
    client.says(client.thanks)
    client.half_closes_at_once()
    client.lets_it_go_on()
    client.hears()


def no_thanks(client: Client) -> None:
    """Hear the file, and hang up."""
    client.hears_to_eof()
    client.half_closes()
