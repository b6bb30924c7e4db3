"""An interrupted build of the image cache goes on where it was, whatever was lost."""

from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from cached_images import SHAPE, Source, decoded
from ganzoo_data import decoding

from ganzoo.ui.progress import LineReporter


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    """Chunks of 4, decoded in this process, which counts what is decoded."""
    monkeypatch.setattr(decoding, "CHUNK_IMAGES", 4)
    monkeypatch.setattr(decoding, "process_count", lambda: 1)


def build(source: Source, folder: Path, stop_after: int | None = None) -> np.ndarray:
    """Decode all of 20 items, or some chunks of them; what lies in the file."""
    chunks = 0

    def interrupt(bad: object) -> None:
        nonlocal chunks
        chunks += 1
        if chunks == stop_after:
            raise KeyboardInterrupt

    job = decoding.Job(range(source.count), source.decode, SHAPE, folder / "part", folder / "a.crc32")
    decoding.decode_missing(job, LineReporter(StringIO()), interrupt)
    return np.fromfile(folder / "part", np.uint8).reshape(-1, *SHAPE)[:, 0, 0, 0]


def half_done(folder: Path, bad: tuple[int, ...] = ()) -> None:
    with pytest.raises(KeyboardInterrupt):
        build(Source(bad=bad), folder, stop_after=3)


def resume(folder: Path, bad: tuple[int, ...] = ()) -> list[int]:
    """Finish the build; what had to be decoded."""
    source = Source(bad=bad)
    assert build(source, folder).tolist() == [0 if item in bad else item for item in range(20)]
    return sorted(source.asked)


def test_an_interrupted_build_goes_on_where_it_was(tmp_path):
    half_done(tmp_path)
    assert decoded(tmp_path) == 12
    assert resume(tmp_path) == list(range(12, 20))
    assert resume(tmp_path) == []


def test_bad_items_are_looked_at_again_so_that_their_reasons_are_known(tmp_path):
    half_done(tmp_path, bad=(3, 15))
    assert resume(tmp_path, bad=(3, 15)) == [3, *range(12, 20)]


def test_a_damaged_image_is_decoded_again(tmp_path):
    half_done(tmp_path)
    content = bytearray((tmp_path / "part").read_bytes())
    content[5 * 16] ^= 1
    (tmp_path / "part").write_bytes(content)
    assert resume(tmp_path) == [5, *range(12, 20)]


@pytest.mark.parametrize("name", ["part", "a.crc32"])
def test_a_file_cut_short_costs_what_it_lost(tmp_path, name):
    half_done(tmp_path)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: len(content) // 20 * 7 - 1])
    assert resume(tmp_path) == list(range(6, 20))


@pytest.mark.parametrize("lost", ["part", "a.crc32"])
def test_losing_either_file_means_starting_over(tmp_path, lost):
    half_done(tmp_path)
    (tmp_path / lost).unlink()
    assert resume(tmp_path) in (list(range(20)), list(range(1, 20)))  # the image of item 0 is all zeros, as a hole is
