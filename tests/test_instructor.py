"""What README shows an instructor, each command run as it stands there."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import zipfile
from pathlib import Path

import pytest

from lab import program

FIRST = "01-return-the-thanks"
ROSTER = "First name,Last name,ID number,Email address\n" \
         "Jane,Doe,u1,jane@example.edu\nJoe,Bloggs,u2,joe@example.edu\n" \
         "Zoë,Müller,u3,zoe@example.edu\n"


def commands() -> list[str]:
    """Return the commands that README shows an instructor."""
    text = (program.ROOT / "README.md").read_text(encoding="utf-8")
    part = text.split("## For instructors")[1].split("\n## ")[0]
    block = re.search(r"```sh\n(.*?)```", part, re.DOTALL)
    assert block, "README shows no commands"
    return block[1].splitlines()


def downloaded(folder: Path) -> None:
    """Let Moodle's download lie where README has it, and its list."""
    sources = {"Jane Doe_11": program.ROOT / "solutions",
               "Zoë Müller_12": program.ROOT / "tests" / "starters"}
    with zipfile.ZipFile(folder / "download.zip", "w") as archive:
        for name, top in sources.items():
            inside = io.BytesIO()
            with zipfile.ZipFile(inside, "w") as inner:
                inner.write(top / FIRST / "server.c", "work/server.c")
            archive.writestr(f"{name}_assignsubmission_file/Work.ZIP",
                             inside.getvalue())
            archive.writestr(
                f"{name}_assignsubmission_onlinetext/onlinetext.html", "<p>")
    (folder / "participants.csv").write_text(ROSTER, encoding="utf-8")


def table(place: Path) -> list[dict[str, str]]:
    """Return the rows of a table."""
    with place.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.namespaces
@pytest.mark.answers
def test_from_moodle_s_download_to_moodle_s_import(kit):
    downloaded(kit)
    shown = commands()
    assert len(shown) == 5
    for command in shown:
        done = subprocess.run(["sh", "-c", command], cwd=kit, text=True,
                              capture_output=True, check=False, timeout=200)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
    for feedback in kit.glob("homework-grades/students/*/feedback.txt"):
        print(feedback.read_text())  # with the ladders, if the test fails
    grades = {row["folder"]: (row["total"], row["name"], row["id"])
              for row in table(kit / "homework-grades" / "grades.csv")}
    starter = grades.pop("Zoë Müller (12)")
    assert grades == {"Jane Doe (11)": ("100", "Jane Doe", "11"),
                      "": ("0", "Joe Bloggs", "")}
    assert 0 < int(starter[0]) < 100
    assert [(row["Identifier"], row["Grade"]) for row in
            csv.DictReader(done.stdout.splitlines())] == [
        ("Participant 11", "100"), ("Participant 12", starter[0])]
