"""Processes that fill the image cache: each image is decoded once, kills cost little, and nobody is left behind."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from cached_images import SHAPE, Source, decoded, pixels_of
from ganzoo_data import decoding

from ganzoo import GanzooError, UserError
from ganzoo.data.cache import Cache

CHILD = """
import sys, time
from pathlib import Path
import numpy as np
from ganzoo_data import decoding
from ganzoo.data.cache import Cache

decoding.CHUNK_IMAGES = 4
folder, record, seconds = Path(sys.argv[1]), open(sys.argv[2], "a"), float(sys.argv[3])

def decode(item):
    record.write(f"{item}\\n")
    record.flush()
    time.sleep(seconds)
    return np.full((1, 4, 4), item, np.uint8)

print(Cache(folder).images({"key": "k"}, range(80), decode, (1, 4, 4)).images.checksums)
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
    while decoded(tmp_path / "cache") < 20:
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not list((tmp_path / "cache").glob("*.json"))

    again = child(tmp_path / "cache", tmp_path / "second", 0.0)
    output = again.communicate(timeout=60)
    assert again.returncode == 0, output
    second = [int(line) for line in (tmp_path / "second").read_text().split()]
    assert 0 < len(second) <= 80 - 20
    assert np.fromfile(pixels_of(tmp_path / "cache"), np.uint8).reshape(80, 16)[:, 0].tolist() == list(range(80))


def test_processes_decode_what_one_alone_would(tmp_path, monkeypatch):
    monkeypatch.setattr(decoding, "CHUNK_IMAGES", 4)
    found = []
    for processes in (1, 3):
        monkeypatch.setattr(decoding, "process_count", lambda processes=processes: processes)
        source = Source(50, bad=(0, 17))
        found.append(source.read(tmp_path / str(processes)))
        source.check(found[-1])
        assert len(source.asked) == (50 if processes == 1 else 0)  # the others count for themselves
    np.testing.assert_array_equal(found[0].images.checksums, found[1].images.checksums)


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

    with pytest.raises(GanzooError, match=r"a process that decodes images was killed.*decoded already is kept"):
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
