"""The image cache decodes once, names what it cannot read, and says where it cannot write."""

import errno
import os
import shutil
import tempfile
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from cached_images import SHAPE, Source
from ganzoo_data import decoding
from hypothesis import given, settings
from hypothesis import strategies as st

from ganzoo import GanzooError, UserError
from ganzoo.data.cache import Cache, default_folder


def test_decodes_once(tmp_path):
    source = Source()
    first = source.read(tmp_path)
    second = source.read(tmp_path)
    assert sorted(source.asked) == list(range(20))
    for found in (first, second):
        source.check(found)
    np.testing.assert_array_equal(first.images.checksums, second.images.checksums)


def test_what_it_gives_cannot_be_written(tmp_path):
    found = Source().read(tmp_path)
    with pytest.raises(TypeError, match="does not support item assignment"):
        found.images[0] = 1


@pytest.mark.parametrize("other", [{"key": "other"}, {"count": 21}, {"shape": (1, 2, 8)}])
def test_another_key_count_or_shape_is_another_entry(tmp_path, other):
    source = Source()
    source.read(tmp_path)
    source.count = other.get("count", source.count)
    source.shape = other.get("shape", SHAPE)
    source.check(source.read(tmp_path, other.get("key", "k")))
    assert len(source.asked) == 20 + source.count
    assert len(list(tmp_path.glob("*.u8"))) == 2


def test_bad_images_are_left_out_and_named_each_time(tmp_path):
    source = Source(bad=(0, 7, 8, 19))
    for _ in range(2):
        log = StringIO()
        source.check(source.read(tmp_path, log=log))
        assert "4 of 20 images cannot be read: 0.png (reason 0), 7.png (reason 7), 8.png (reason 8), 1 more; left out" in log.getvalue()
    assert len(source.asked) == 20


def test_too_many_bad_images_are_refused_and_nothing_stays(tmp_path):
    with pytest.raises(UserError, match=r"at least 3 of 20 images cannot be read: 1\.png \(reason 1\)") as caught:
        Source(bad=(1, 2, 3)).read(tmp_path, max_bad=0.1)
    assert caught.value.key == "data.root"
    assert {path.suffix for path in tmp_path.iterdir()} == {".lock"}


def test_a_cached_entry_is_judged_by_the_run_that_reads_it(tmp_path):
    source = Source(bad=(1,))
    source.read(tmp_path, max_bad=0.5)
    with pytest.raises(UserError, match="1 of 20 images cannot be read"):
        source.read(tmp_path, max_bad=0.0)


def test_no_image_at_all_is_refused_whatever_is_allowed(tmp_path):
    with pytest.raises(UserError, match="cannot be read"):
        Source(count=3, bad=(0, 1, 2)).read(tmp_path, max_bad=1.0)


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 30), st.integers(1, 9), st.data())
def test_any_bad_items_and_chunk_size_leave_the_rest_in_order(count, chunk, data):
    bad = tuple(sorted(data.draw(st.sets(st.integers(0, count - 1), max_size=count - 1))))
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoding, "CHUNK_IMAGES", chunk)
        source = Source(count, bad)
        source.check(source.read(Path(folder), max_bad=1.0))


def test_a_full_disk_is_seen_beforehand(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(100, 90, 10))
    source = Source()
    with pytest.raises(GanzooError, match="make room there, set GANZOO_CACHE") as caught:
        source.read(tmp_path)
    assert caught.value.exit_code == 3
    assert source.asked == []


def test_a_disk_that_fills_up_meanwhile_is_named(tmp_path, monkeypatch):
    def full(file) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(GanzooError, match=r"cannot be written: No space left on device; make room there, or set GANZOO_CACHE"):
        Source().read(tmp_path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(GanzooError, match="File exists; make room there, or set GANZOO_CACHE"):
        Source().read(tmp_path / "file")


def test_faults_of_a_decoder_are_not_taken_for_bad_images(tmp_path):
    cache = Cache(tmp_path)
    with pytest.raises(ZeroDivisionError):
        cache.images({}, range(3), lambda item: np.array(1 // 0), SHAPE, max_bad=1.0)
    with pytest.raises(TypeError, match=r"decode gives float64 \(1, 4, 4\), wanted uint8 \(1, 4, 4\)"):
        cache.images({}, range(3), lambda item: np.zeros(SHAPE), SHAPE, max_bad=1.0)


def test_the_default_folder(monkeypatch):
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("GANZOO_CACHE", raising=False)
    monkeypatch.setenv("HOME", "/home/someone")
    assert default_folder() == Path("/home/someone/.cache/ganzoo")
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/tmp/caches")
    assert default_folder() == Path("/var/tmp/caches/ganzoo")
    monkeypatch.setenv("GANZOO_CACHE", "~/mine")
    assert default_folder() == Path("/home/someone/mine")
