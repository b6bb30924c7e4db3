"""An interrupted build of the image cache goes on where it was, whatever was lost."""

import json
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from cached_images import SHAPE, Source, truncate

from ganzoo.data import build, decoding
from ganzoo.ui.progress import LineReporter


def half_done(folder: Path) -> None:
    """Leave a build that was interrupted after some chunks, with chunks of 4."""
    source = Source()
    with pytest.raises(KeyboardInterrupt):
        build.build(job_of(source, stop_after=3), folder / "part", folder / "journal", LineReporter(StringIO()))


def job_of(source: Source, stop_after: int | None = None) -> decoding.Job:
    chunks = 0

    def interrupt(bad: object) -> None:
        nonlocal chunks
        chunks += 1
        if stop_after is not None and chunks > stop_after:
            raise KeyboardInterrupt

    return decoding.Job(range(source.count), source.decode, SHAPE, interrupt)


@pytest.fixture
def small_chunks(monkeypatch):
    """Chunks of 4, decoded in this process, which counts what is decoded."""
    monkeypatch.setattr(decoding, "CHUNK_IMAGES", 4)
    monkeypatch.setattr(decoding, "process_count", lambda: 1)


def resume(folder: Path) -> list[int]:
    """Finish the build; what had to be decoded."""
    source = Source()
    build.build(job_of(source), folder / "part", folder / "journal", LineReporter(StringIO()))
    found = np.fromfile(folder / "part", np.uint8).reshape(-1, *SHAPE)
    assert found[:, 0, 0, 0].tolist() == list(range(20))
    return sorted(source.asked)


@pytest.mark.usefixtures("small_chunks")
def test_an_interrupted_build_goes_on_where_it_was(tmp_path):
    half_done(tmp_path)
    assert len(resume(tmp_path)) == 20 - 3 * 4
    assert resume(tmp_path) == []


@pytest.mark.usefixtures("small_chunks")
def test_a_torn_line_of_the_journal_costs_one_chunk(tmp_path):
    half_done(tmp_path)
    truncate(tmp_path / "journal")
    assert len(resume(tmp_path)) == 20 - 2 * 4
    assert resume(tmp_path) == []  # the new lines stand whole behind the torn one


@pytest.mark.usefixtures("small_chunks")
def test_a_damaged_chunk_is_decoded_again(tmp_path):
    half_done(tmp_path)
    start = json.loads((tmp_path / "journal").read_text().splitlines()[1])["chunk"]
    content = bytearray((tmp_path / "part").read_bytes())
    content[start * 16] ^= 1
    (tmp_path / "part").write_bytes(content)
    asked = resume(tmp_path)
    assert len(asked) == 20 - 2 * 4
    assert set(range(start, start + 4)) <= set(asked)


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("lost", ["part", "journal"])
def test_losing_either_file_means_starting_over(tmp_path, lost):
    half_done(tmp_path)
    (tmp_path / lost).unlink()
    assert resume(tmp_path) == list(range(20))


def test_a_kill_while_gaps_are_closed_loses_nothing(tmp_path, monkeypatch):
    source = Source(bad=(0, 5))

    def killed(images, kept, bytes_each) -> None:
        images.write(b"half a move")
        raise KeyboardInterrupt

    monkeypatch.setattr(build, "_close_gaps", killed)
    with pytest.raises(KeyboardInterrupt):
        source.read(tmp_path)
    monkeypatch.undo()
    source.check(source.read(tmp_path))
