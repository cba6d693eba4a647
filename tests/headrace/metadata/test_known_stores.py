"""Which stores the runs of a home used."""

import json
import subprocess
import sys
from pathlib import Path

from headrace.metadata.known_stores import known_stores, remember
from headrace.metadata.server import Server

NOTES = """
import sys
from pathlib import Path
from headrace.metadata.known_stores import remember
print(flush=True)
sys.stdin.readline()
for number in range(50):
    remember(Path(sys.argv[1]), f"/stores/{number % 10}.sqlite")
"""


def test_a_store_is_known_once_however_often_it_was_used(tmp_path: Path) -> None:
    assert known_stores(tmp_path) == []
    for address in ("/b/metadata.db", "/a/metadata.db", "/b/metadata.db"):
        remember(tmp_path, address)
    assert [one.address for one in known_stores(tmp_path)] == ["/a/metadata.db", "/b/metadata.db"]
    for one in known_stores(tmp_path)[:1]:
        one.note.unlink()
    assert [one.address for one in known_stores(tmp_path)] == ["/b/metadata.db"]


def test_the_homes_own_store_and_one_without_an_address_need_no_note(tmp_path: Path) -> None:
    remember(tmp_path, str(tmp_path.resolve() / "metadata.sqlite"))
    remember(tmp_path, "")
    assert list(tmp_path.iterdir()) == []


def test_processes_that_note_stores_at_once_lose_none(tmp_path: Path) -> None:
    command = [sys.executable, "-c", NOTES, str(tmp_path)]
    writers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(4)]
    for writer in writers:
        assert writer.stdout is not None
        writer.stdout.readline()
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write(b"\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate()
        assert writer.returncode == 0
    assert [one.address for one in known_stores(tmp_path)] == [f"/stores/{number}.sqlite" for number in range(10)]
    assert len(list((tmp_path / "stores").iterdir())) == 10


def test_a_note_that_somebody_damaged_hides_no_other(tmp_path: Path) -> None:
    remember(tmp_path, "/a/metadata.db")
    for name, text in (("1.json", ""), ("2.json", "{}"), ("3.json", "[]")):
        (tmp_path / "stores" / name).write_text(text)
    assert [one.address for one in known_stores(tmp_path)] == ["/a/metadata.db"]


def test_no_password_is_in_a_note(tmp_path: Path) -> None:
    remember(tmp_path, str(Server.read("mysql://me:s3cret@db:3306/ml")))
    [note] = (tmp_path / "stores").iterdir()
    assert json.loads(note.read_text()) == {"store": "mysql://me@db:3306/ml"}
