"""The pages are read as GitHub reads them, or refused."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from lab import program
from lab.book.markdown import Block, Broken, Span, everything, plain, read

PAGES = sorted([program.ROOT / "README.md",
                *program.CHAPTERS.glob("*.md"),
                *program.CHAPTERS.glob("*/README.md"),
                *program.ROOT.glob("exercises/**/*.md"),
                *program.ROOT.glob("tests/*.md")])


def name(page) -> str:
    """Return a page's path as its reader says it."""
    return str(page.relative_to(program.ROOT))


each_page = pytest.mark.parametrize("page", PAGES, ids=name)


@each_page
def test_every_page_is_made_of_constructs_that_are_read(page):
    assert read(page.read_text(), name(page))


# pandoc's reading of GitHub's Markdown, and ours, in one form.

def words(text: str) -> str:
    """Return text with all white space as one blank."""
    return " ".join(text.split())


def our_marks(spans: tuple[Span, ...]) -> list[tuple[str, str, str]]:
    """Return all that is more than text: its kind, its text, its target."""
    found = []
    for span in spans:
        if span.kind != "text":
            said = span.text or plain(span.children)
            found.append((span.kind, words(said), span.target))
        found += our_marks(span.children)
    return found


def ours(blocks: tuple[Block, ...]) -> list:
    """Return blocks as lists and tuples; what stands in HTML is left out."""
    found: list = []
    for block in blocks:
        said = (words(plain(block.spans)), our_marks(block.spans))
        if block.kind == "heading":
            found.append(("heading", block.level, *said))
        elif block.kind == "paragraph":
            found.append(("paragraph", *said))
        elif block.kind in ("fence", "code"):
            found.append(("code", (block.info or ("",))[0],
                          block.text.rstrip("\n")))
        elif block.kind == "list":
            found.append(("list", block.start, block.loose,
                          [ours(item) for item in block.items]))
        elif block.kind == "table":
            found.append(("table", [
                [(words(plain(cell)), our_marks(cell)) for cell in row]
                for row in block.rows]))
        elif block.kind == "details":
            found += ours(block.items[0])
    return found


KINDS = {"Strong": "strong", "Emph": "emphasis", "Link": "link",
         "Image": "image"}


def their_text(nodes: list) -> str:
    """Return what a reader sees of pandoc's inline nodes."""
    said = ""
    for node in nodes:
        kind, content = node["t"], node.get("c")
        if kind in ("Str", "RawInline"):
            said += content if kind == "Str" else ""
        elif kind in ("Space", "SoftBreak"):
            said += " "
        elif kind == "Code":
            said += content[1]
        else:
            said += their_text(content[1] if kind in ("Link", "Image")
                               else content)
    return said


def their_marks(nodes: list) -> list[tuple[str, str, str]]:
    """Return pandoc's marks as our_marks does."""
    found = []
    for node in nodes:
        kind, content = node["t"], node.get("c")
        if kind == "Code":
            found.append(("code", words(content[1]), ""))
        elif kind in KINDS:
            linked = kind in ("Link", "Image")
            inner = content[1] if linked else content
            found.append((KINDS[kind], words(their_text(inner)),
                          content[2][0] if linked else ""))
            if kind != "Image":
                found += their_marks(inner)
    return found


def their_cells(table: list) -> list:
    """Return the rows of pandoc's table, its head first."""
    rows = table[3][1] + [row for body in table[4] for row in body[3]]
    inline = [[[node for block in cell[4] for node in block["c"]]
               for cell in row[1]] for row in rows]
    return [[(words(their_text(cell)), their_marks(cell)) for cell in row]
            for row in inline]


def theirs(blocks: list) -> list:
    """Return pandoc's blocks as ours() does."""
    found: list = []
    for block in blocks:
        kind, content = block["t"], block.get("c")
        if kind == "Header":
            found.append(("heading", content[0],
                          words(their_text(content[2])),
                          their_marks(content[2])))
        elif kind in ("Para", "Plain"):
            found.append(("paragraph", words(their_text(content)),
                          their_marks(content)))
        elif kind == "CodeBlock":
            found.append(("code", (content[0][1] or [""])[0],
                          content[1].rstrip("\n")))
        elif kind in ("BulletList", "OrderedList"):
            ordered = kind == "OrderedList"
            items = content[1] if ordered else content
            found.append(("list", content[0][0] if ordered else 0,
                          any(b["t"] == "Para" for i in items for b in i),
                          [theirs(item) for item in items]))
        elif kind == "Table":
            found.append(("table", their_cells(content)))
        elif kind == "Div":
            found += theirs(content[1])
        else:
            assert kind == "RawBlock", f"pandoc found {kind}"
    return found


def pandoc(text: str) -> list:
    """Return pandoc's reading of a page."""
    said = subprocess.run(["pandoc", "-f", "gfm", "-t", "json"], input=text,
                          text=True, capture_output=True, check=True,
                          timeout=60).stdout
    return theirs(json.loads(said)["blocks"])


needs_pandoc = pytest.mark.skipif(not shutil.which("pandoc"),
                                  reason="no pandoc here")


@needs_pandoc
@each_page
def test_pandoc_reads_the_same_in_every_page(page):
    text = page.read_text()
    assert ours(read(text, name(page))) == pandoc(text)


# Each construct, as small as it can be.
CONSTRUCTS = """\
# One **bold *and emphasis*, `code`**

A paragraph with `code
in it`, [a link](x.md#y), ![an image](y.svg),
[`code` in one][there], [there], [There][], 2 * 3, a_b_c,
[nothing] and "quotes" -- so.

- tight
- items, which
  go on

1. loose

   ```console terminal=2
   $ one

   two
   ```

2. items

   - with a list

Text.

- apart

- from each other

Text.

- apart

  within
- an item

Text.

10. | a | b |
    |---|:-:|
    | `x \\| y` | **z** |

Text.

    indented

    code

| | head |
|---|---|
| | |
<!-- a comment -->
After it.

[there]: https://example.org/there
"""


@needs_pandoc
def test_pandoc_reads_the_same_in_each_construct():
    assert ours(read(CONSTRUCTS, "x")) == pandoc(CONSTRUCTS)


DETAILS = """\
1. Why?

   <details><summary>An *answer*</summary>

   Because.

   ```c
   x
   ```

   </details>
"""


def test_details_hold_blocks_and_know_their_lines():
    (block,) = read(DETAILS, "x")
    (_, details), = block.items
    assert plain(details.spans) == "An answer"
    assert [(b.kind, b.line) for b in details.items[0]] == [
        ("paragraph", 5), ("fence", 7)]
    fence = list(everything([block]))[-1]
    assert (fence.text, fence.info, fence.line) == ("x\n", ("c",), 7)


@pytest.mark.parametrize("text,line", [
    ("#### four", 1), ("> quoted", 1), ("a\n===", 2), ("a\n---", 2),
    ("text\n\n***", 3), ("* star", 1), ("1) one", 1), ("~~~\nx\n~~~", 1),
    ("a\n- b", 2), ("a\n1. b", 2), ("a\n```sh\nx\n```", 2), ("a\n# b", 2),
    ("<div>", 1), ("a <br> b", 1), ("a  \nb", 1), ("a\\\nb", 1),
    ("a &amp; b", 1), ("~~a~~", 1), ("see https://a.org", 1), ("_a_ b", 1),
    ("[a](b \"c\")", 1), ("[a][b]", 1), ("a `b", 1), ("**a", 1),
    ("a ``b`` c", 1), ("a \\* b", 1), ("a [*b*] c", 1), ("[b][]", 1),
    ("```c\nx", 1), ("```c\nx\n ```", 1), ("```c {.x}\n```", 1),
    ("<details><summary>a</summary>\n\nb\n", 1),
    ("<details><summary>a</summary>\nb\n</details>", 1),
    ("| a |\nb", 1), ("| a |\n|---|\n| b | c |", 3),
    ("| a |\n|---|\n| b |\nc", 4), ("- a\nb", 2), ("  a", 1), ("a\n  \nb", 2),
    ("![a](b.svg)\n<p>", 2), ("<!-- a\nb -->", 1),
])
def test_what_our_pages_have_not_is_refused_by_its_line(text, line):
    with pytest.raises(Broken, match=rf"^page\.md:{line}: \w"):
        read(text, "page.md")
