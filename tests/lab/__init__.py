"""The bench that every program of the kit is tried on.

The rooms follow the way the data goes; an arrow never points back:

    program    a source is compiled
    chapters   what each chapter's programs can do
    sandbox    a compiled program is started, alone with its own loopback
    printable  text from elsewhere, made fit for a terminal and a sheet
    wine       a program for Windows is started there
    kernel     what the kernel's tables say about it: listening, queued, stuck
    wire       the packets that crossed
    calls      the calls that were made
    proof      whether the bench itself works: a program of ours, watched
    outcome    all that was seen of one conversation
    meeting    where programs meet each other, or a peer in our hands
    verdicts   what a conversation came to, in two words
    scenario   what the world does to a server and a client: a file each
    ladder     an outcome drawn: in a terminal, or as a picture
    matrix     every chapter's programs in every scenario: a table of it
    race       programs beside those that people use: how fast they are
    book       the pages, as one book for a browser
    transcript the console blocks of a page, typed and compared
    judging    outcomes scored against what an exercise asks for
    judges     what each exercise asks for
    classroom  many untrusted submissions, sandboxed, judged, written down
    commands   all of it, as the Makefile's targets

Standard library only, Python 3.9 and later, Linux.
"""

import sys

# This file can be read by every Python 3: older ones get a sentence here.
if sys.version_info < (3, 9):
    sys.exit("The lab needs Python 3.9 or later, and this is %d.%d (%s)."
             % (sys.version_info[0], sys.version_info[1], sys.executable))
