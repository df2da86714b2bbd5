"""A peer that never speaks is waited for as long as SECONDS say."""

from ..meeting.pair import SAMPLE, PairMeeting
from ..verdicts import PATIENCE, Act, gave_up

TITLE = "silent peer"
CHAPTER = "06"


def _client(it: PairMeeting) -> Act:
    server = it.serve(SAMPLE, seconds=PATIENCE)
    it.dial_server().hear()
    it.finish(server)
    outcome = it.pair_outcome(server)
    return Act("a client that never speaks", outcome,
               gave_up(it.pair, outcome.server))


def _server(it: PairMeeting) -> Act:
    client, _ = it.answer(seconds=PATIENCE)
    client.ends()
    outcome = it.pair_outcome(client=client)
    return Act("a server that never speaks", outcome,
               gave_up(it.pair, outcome.client))


def play(it: PairMeeting):
    yield _client(it)
    yield _server(it)
