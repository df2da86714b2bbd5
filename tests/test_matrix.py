"""The survival matrix: README shows what a fresh run measures."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest

from lab import chapters, matrix, program, scenario
from lab.ladder import ladders, text
from lab.matrix.svg import FEW, svg
from lab.meeting.pair import Pair
from lab.outcome import Outcome, Part
from lab.verdicts import OK, Act

pytestmark = pytest.mark.namespaces

each_pair = pytest.mark.parametrize("pair", [
    pytest.param(pair, id=pair.name, marks=pytest.mark.chapter(
        pair.folder.relative_to(program.CHAPTERS).parts[0][:2]))
    for pair in matrix.pairs()])


def differing(cells: list[matrix.Cell], name: str) -> str:
    """Say where a row is not what README shows, and draw what happened."""
    shown = dict(readme_rows()).get(name, {})
    told = []
    for cell in cells:
        before = next((word.strip("*") for column, word in shown.items()
                       if column.startswith(f"{cell.scenario.title} (")),
                      "no such column")
        if before != cell.verdict:
            told.append(f"{cell.scenario.title}: {before} in README.md, now "
                        f"{cell.verdict} (PEER={cell.scenario.slug})")
            told += [text.text(drawn, text.Style()) for act in cell.acts
                     for drawn in ladders(act.outcome, act.title)]
    return "\n".join(told)


def in_cells(picture: ElementTree.Element) -> str:
    """Return all that stands in the cells of a picture."""
    return " ".join(node.text or "" for node in picture.iter()
                    if node.attrib.get("class") == "cell")


@each_pair
def test_a_row_of_the_readme_is_what_a_fresh_run_measures(pair):
    cells = matrix.measure([pair])
    rows = matrix.table(cells).splitlines()
    drawn = matrix.shown().splitlines()
    assert rows[1] == drawn[1], "README.md has other columns"
    assert rows[3] in drawn, differing(cells, pair.name)
    assert in_cells(ElementTree.fromstring(svg(cells))) == " ".join(
        cell.verdict for cell in cells)


def readme_rows() -> list[tuple[str, dict[str, str]]]:
    """Return README's rows as a name and its cells by column."""
    lines = [[word.strip() for word in line.strip("|").split("|")]
             for line in matrix.shown().splitlines() if line[0] == "|"]
    return [(line[0], dict(zip(lines[0][1:], line[1:]))) for line in lines[2:]]


def test_a_column_is_ok_from_the_chapter_it_is_named_for_on():
    """Of the README's cells, which a fresh run has confirmed above.

    An aside may give something up: that is looked at below.
    """
    for name, cells in readme_rows():
        for column, word in cells.items():
            named_for = column.rsplit("(", 1)[1][:2]
            if name[:2].isdigit() and name[:2] not in chapters.ASIDES \
                    and name[:2] >= named_for:
                assert word == OK, (name, column, word)


def test_a_row_that_loses_what_an_earlier_one_had_says_why_in_its_notes():
    """In the notes stands `<!-- loses: WHAT; ... -->`, beside the reason.

    WHAT is a column, or what its cell says. A row is compared with those that
    it builds on: an aside with the chapter it started from.
    """
    kept: dict[str, set[str]] = {}
    for name, cells in readme_rows():
        if name == "as printed":
            continue
        notes = (program.CHAPTERS / name / "README.md").read_text()
        said = {what for words in re.findall(r"<!-- loses: (.+) -->", notes)
                for what in words.split("; ")}
        now = {column for column, word in cells.items() if word == OK}
        had = set().union(*(columns for number, columns in kept.items()
                            if chapters.builds_on(name[:2], number)))
        for column in had - now:
            assert said & {column.rsplit(" (", 1)[0],
                           cells[column].strip("*")}, (name, column)
        kept[name[:2]] = now


def test_the_picture_shows_the_same_cells_as_the_readme():
    """A program is a row in the table and a column in the picture."""
    picture = ElementTree.parse(matrix.PICTURE).getroot()
    rows = readme_rows()
    if len(rows) > FEW:
        rows = [row for row in rows if row[0][:2] not in chapters.ASIDES]
    shown = [word.strip("*") for column in zip(*(
        cells.values() for _, cells in rows)) for word in column]
    assert in_cells(picture) == " ".join(shown)
    assert picture[0].text == "The survival matrix"


def fifteen_rows() -> list[matrix.Cell]:
    """Make cells of fifteen programs, all lost for the longest word."""
    def cell(number: int, asked: scenario.Scenario) -> matrix.Cell:
        pair = Pair(f"{number:02}-every-chapter-can-grow", f"{number:02}",
                    program.CHAPTERS)
        lost = Act("", converse_nothing(), "truncated")
        return matrix.Cell(pair, replace(asked, title="a rather long title"),
                           (lost,))
    return [cell(number, asked) for number in range(15)
            for asked in scenario.columns()]


def converse_nothing() -> Outcome:
    """Return the outcome of two programs that never met."""
    nobody = Part(None, "", "")
    return Outcome(nobody, nobody, 0, b"", None)


def test_a_picture_of_fifteen_rows_fits_a_page_and_leaves_asides_out():
    picture = ElementTree.fromstring(svg(fifteen_rows()))
    assert float(picture.attrib["width"]) <= 830
    numbers = [node.text for node in picture.iter()
               if node.attrib.get("class") == "number"]
    assert numbers == [f"{number:02}" for number in range(15)
                       if f"{number:02}" not in chapters.ASIDES]
    cells = [node for node in picture.iter()
             if node.attrib.get("class") == "cell"]
    widths = {float(node.attrib["textLength"]) for node in cells}
    assert {node.text for node in cells} == {"truncated"}
    assert 45 <= min(widths), "not wide enough to be read"
    left = [float(node.attrib["x"]) for node in picture.iter()
            if node.tag.endswith("rect")][1:]
    assert max(left) + min(widths) < 830


def test_a_row_or_a_peer_that_is_not_there_is_one_sentence(make):
    for target, peer, says in (
            ("matrix-99", "", "there is no chapter '99'"),
            ("trace-03", "PEER=nobody", "there is no peer 'nobody'")):
        done = make(target, *peer.split())
        assert done.returncode == 2
        assert says in done.stderr.splitlines()[0]


def test_one_row_is_told_with_its_reasons(capsys):
    from lab.commands import matrix as command
    assert command.main(["03"]) == 0
    said = capsys.readouterr().out
    assert "03" not in said.splitlines()[0]
    assert "killed        peer vanishes (PEER=vanishing)" in said
    assert "Address already in use" in " ".join(said.split())
    assert max(map(len, said.splitlines())) <= 80
