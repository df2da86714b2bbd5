"""The survival matrix: README shows what a fresh run measures."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from lab import matrix, program
from lab.matrix.svg import svg
from lab.verdicts import OK

pytestmark = pytest.mark.namespaces

each_pair = pytest.mark.parametrize("pair", [
    pytest.param(pair, id=pair.name, marks=pytest.mark.chapter(
        pair.folder.relative_to(program.CHAPTERS).parts[0][:2]))
    for pair in matrix.pairs()])


def differing(cells: list[matrix.Cell], name: str) -> str:
    """Say where a row is not what README shows, for a failing assertion."""
    shown = dict(readme_rows()).get(name, {})
    told = []
    for cell in cells:
        before = next((word.strip("*") for column, word in shown.items()
                       if column.startswith(f"{cell.scenario.title} (")),
                      "no such column")
        if before != cell.verdict:
            told.append(f"{cell.scenario.title}: {before} in README.md, now "
                        f"{cell.verdict} (PEER={cell.scenario.slug})")
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
    """Of the README's cells, which a fresh run has confirmed above."""
    for name, cells in readme_rows():
        for column, word in cells.items():
            named_for = column.rsplit("(", 1)[1][:2]
            if name[:2].isdigit() and name[:2] >= named_for:
                assert word == OK, (name, column, word)


def test_a_row_that_loses_what_an_earlier_one_had_says_why_in_its_notes():
    """In the notes stands `<!-- loses: COLUMN -->`, beside the reason."""
    kept: set[str] = set()
    for name, cells in readme_rows():
        if name == "as printed":
            continue
        notes = (program.CHAPTERS / name / "README.md").read_text()
        now = {column for column, word in cells.items() if word == OK}
        for column in kept - now:
            title = column.rsplit(" (", 1)[0]
            assert f"<!-- loses: {title} -->" in notes, (name, column)
        kept |= now


def test_the_picture_shows_the_same_cells_as_the_readme():
    picture = ElementTree.parse(matrix.PICTURE).getroot()
    shown = [word.strip("*") for _, cells in readme_rows()
             for word in cells.values()]
    assert in_cells(picture) == " ".join(shown)
    assert picture[0].text == "The survival matrix"


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
    assert "Address already in use" in said
