"""The image cache decodes once, whatever happens: two processes, kills, damage, bad images, a full disk."""

import errno
import json
import multiprocessing
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganzoo import GanzooError, UserError
from ganzoo.data import build, decoding
from ganzoo.data.cache import Cache, default_folder
from ganzoo.data.images import BadImage
from ganzoo.progress import LineReporter

SHAPE = (1, 4, 4)


class Source:
    """Items 0 to count - 1, each an image filled with its number; counts what it is asked for."""

    def __init__(self, count: int = 20, bad: tuple[int, ...] = ()) -> None:
        self.count, self.bad, self.asked = count, bad, []

    def decode(self, item: int) -> np.ndarray:
        self.asked.append(item)
        if item in self.bad:
            raise BadImage(f"reason {item}")
        return np.full(SHAPE, item % 251, np.uint8)

    def read(self, folder: Path, key: str = "k", *, max_bad: float = 0.5, verify: bool = False, log: StringIO | None = None):
        cache = Cache(folder, LineReporter(StringIO() if log is None else log), verify=verify)
        return cache.images({"key": key}, range(self.count), self.decode, SHAPE, name=lambda item: f"{item}.png", max_bad=max_bad)

    def check(self, found) -> None:
        kept = [item for item in range(self.count) if item not in self.bad]
        assert found.kept.tolist() == kept
        assert found.images.shape == (len(kept), *SHAPE)
        assert found.images[:, 0, 0, 0].tolist() == [item % 251 for item in kept]
        assert (np.asarray(found.images) == found.images[:, :1, :1, :1]).all()
        assert found.bad == {f"{item}.png": f"reason {item}" for item in self.bad}


def pixels_of(folder: Path) -> Path:
    (path,) = folder.glob("*.u8")
    return path


def test_decodes_once(tmp_path):
    source = Source()
    first = source.read(tmp_path)
    second = source.read(tmp_path)
    assert sorted(source.asked) == list(range(20))
    for found in (first, second):
        source.check(found)
    assert first.sha256 == second.sha256


def test_what_it_gives_cannot_be_written(tmp_path):
    found = Source().read(tmp_path)
    with pytest.raises(TypeError, match="does not support item assignment"):
        found.images[0] = 1


@pytest.mark.parametrize("other", [{"key": "other"}, {"count": 21}, {"shape": (1, 2, 8)}])
def test_another_key_count_or_shape_is_another_entry(tmp_path, other, monkeypatch):
    source = Source()
    source.read(tmp_path)
    source.count = other.get("count", source.count)
    monkeypatch.setitem(globals(), "SHAPE", other.get("shape", SHAPE))
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


def flip_first_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[0] ^= 1
    path.write_bytes(content)


def keep_time(change):
    """A change that leaves the file's time as it was: what a failing disk does."""

    def changed(path: Path) -> None:
        before = path.stat()
        change(path)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    return changed


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def edit_note(path: Path) -> None:
    note = path.with_suffix(".json")
    note.write_text(note.read_text().replace('"bad":[', '"bad":[[3,"3.png","?"]'))


DAMAGE = {
    "truncated": (truncate, False, "has 319 of 320 bytes"),
    "truncated, same time": (keep_time(truncate), False, "has 319 of 320 bytes"),
    "one bit": (flip_first_bit, False, "does not match its checksums"),
    "one bit, same time": (keep_time(flip_first_bit), True, "does not match its checksums"),
    "removed": (Path.unlink, False, r"lacks images-\w+\.u8"),
    "note edited": (edit_note, False, "note that was changed"),
    "note cut": (lambda path: truncate(path.with_suffix(".json")), False, "note that cannot be read"),
    "note emptied": (lambda path: path.with_suffix(".json").write_text("{}"), False, "note that cannot be read"),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_a_damaged_entry_is_made_again_with_a_notice(tmp_path, case):
    damage, verify, reason = DAMAGE[case]
    source = Source()
    source.read(tmp_path)
    damage(pixels_of(tmp_path))
    log = StringIO()
    source.check(source.read(tmp_path, verify=verify, log=log))
    assert len(re.findall(f"{reason}; decoding again", log.getvalue())) == 1
    assert len(source.asked) == 40
    source.check(source.read(tmp_path, verify=True))
    assert len(source.asked) == 40


def test_a_copied_entry_is_taken_as_it_is(tmp_path):
    source = Source()
    source.read(tmp_path / "here")
    shutil.copytree(tmp_path / "here", tmp_path / "there", copy_function=shutil.copyfile)
    source.check(source.read(tmp_path / "there"))
    assert len(source.asked) == 20
    copied, original = (pixels_of(tmp_path / name).stat().st_mtime_ns for name in ("there", "here"))
    assert copied == original  # so that the next run need not hash it again


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


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 30), st.integers(1, 9), st.data())
def test_any_bad_items_and_chunk_size_leave_the_rest_in_order(count, chunk, data):
    bad = tuple(sorted(data.draw(st.sets(st.integers(0, count - 1), max_size=count - 1))))
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoding, "CHUNK_IMAGES", chunk)
        source = Source(count, bad)
        source.check(source.read(Path(folder), max_bad=1.0))


CHILD = """
import sys, time
from pathlib import Path
import numpy as np
from ganzoo.data import decoding
from ganzoo.data.cache import Cache

decoding.CHUNK_IMAGES = 4
folder, record, seconds = Path(sys.argv[1]), open(sys.argv[2], "a"), float(sys.argv[3])

def decode(item):
    record.write(f"{item}\\n")
    record.flush()
    time.sleep(seconds)
    return np.full((1, 4, 4), item, np.uint8)

print(Cache(folder).images({"key": "k"}, range(80), decode, (1, 4, 4)).sha256)
"""


def child(folder: Path, record: Path, seconds: float) -> subprocess.Popen:
    command = [sys.executable, "-c", CHILD, str(folder), str(record), str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.promise("Kill it", "Two processes that want the same images decode each of them once")
def test_two_processes_decode_each_image_once(tmp_path, found):
    records = [tmp_path / "a", tmp_path / "b"]
    children = [child(tmp_path / "cache", record, 0.005) for record in records]
    outputs = [process.communicate(timeout=60) for process in children]
    assert [process.returncode for process in children] == [0, 0], outputs
    assert outputs[0][0] == outputs[1][0]
    asked = sorted(int(line) for record in records for line in record.read_text().split())
    assert asked == list(range(80))
    found("80 images, 2 processes: 80 decoded")


def test_a_killed_process_leaves_what_it_had_done(tmp_path):
    process = child(tmp_path / "cache", tmp_path / "first", 0.01)
    deadline = time.monotonic() + 60
    while sum(path.read_bytes().count(b"\n") for path in (tmp_path / "cache").glob("*.journal")) < 5:
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not list((tmp_path / "cache").glob("*.u8"))

    again = child(tmp_path / "cache", tmp_path / "second", 0.0)
    output = again.communicate(timeout=60)
    assert again.returncode == 0, output
    second = [int(line) for line in (tmp_path / "second").read_text().split()]
    assert 0 < len(second) <= 80 - 5 * 4
    assert np.fromfile(pixels_of(tmp_path / "cache"), np.uint8).reshape(80, 16)[:, 0].tolist() == list(range(80))


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

    monkeypatch.setattr(build, "_to_disk", full)
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


def test_processes_decode_what_one_alone_would(tmp_path, monkeypatch):
    monkeypatch.setattr(decoding, "CHUNK_IMAGES", 4)
    found = []
    for processes in (1, 3):
        monkeypatch.setattr(decoding, "process_count", lambda processes=processes: processes)
        source = Source(50, bad=(0, 17))
        found.append(source.read(tmp_path / str(processes)))
        source.check(found[-1])
        assert len(source.asked) == (50 if processes == 1 else 0)  # the others count for themselves
    assert found[0].sha256 == found[1].sha256


def test_an_error_in_a_process_that_decodes_is_raised_here(tmp_path, monkeypatch):
    monkeypatch.setattr(decoding, "CHUNK_IMAGES", 4)
    monkeypatch.setattr(decoding, "process_count", lambda: 2)

    def decode(item: int) -> np.ndarray:
        if item == 13:
            raise UserError("the archive is broken", "get it again", key="data.root")
        return np.zeros(SHAPE, np.uint8)

    with pytest.raises(UserError, match=r"data\.root: the archive is broken; get it again"):
        Cache(tmp_path).images({}, range(40), decode, SHAPE)
    assert multiprocessing.active_children() == []


def test_a_process_that_is_killed_is_named_and_its_work_done_by_the_next_run(tmp_path, monkeypatch):
    monkeypatch.setattr(decoding, "CHUNK_IMAGES", 4)
    monkeypatch.setattr(decoding, "process_count", lambda: 2)

    def decode(item: int) -> np.ndarray:
        if item == 30 and not (tmp_path / "killed").exists():
            (tmp_path / "killed").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return np.full(SHAPE, item, np.uint8)

    with pytest.raises(GanzooError, match=r"a process that decodes images was killed \(exit code -9\).*decoded already is kept"):
        Cache(tmp_path / "cache").images({}, range(40), decode, SHAPE)
    found = Cache(tmp_path / "cache").images({}, range(40), decode, SHAPE)
    assert found.images[:, 0, 0, 0].tolist() == list(range(40))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere one process decodes")
def test_processes_that_decode_do_not_outlive_a_killed_parent(tmp_path):
    record = tmp_path / "pids"
    code = CHILD.replace("time.sleep(seconds)", 'open(sys.argv[4], "a").write(f"{os.getpid()}\\n"); time.sleep(seconds)').replace(
        "import sys, time", "import os, sys, time"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "cache"), str(tmp_path / "first"), "0.05", str(record)])
    deadline = time.monotonic() + 60
    while not record.exists() or len(set(record.read_text().split())) < min(2, decoding.process_count()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.kill()
    process.wait()
    while any(is_running(int(pid)) for pid in set(record.read_text().split())):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
