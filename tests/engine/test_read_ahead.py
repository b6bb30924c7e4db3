"""Reading ahead changes nothing but the time: the same batches, the same position, errors where they belong."""

import threading

import numpy as np
import pytest
import torch

from ganzoo.data import rows
from ganzoo.data.spec import is_finite
from ganzoo.engine.batches import DEPTH, Ahead, Batches
from ganzoo.engine.device import Runtime
from ganzoo.errors import GanzooError
from ganzoo.fields import DataSpec

CPU = Runtime(torch.device("cpu"), "fp32", "highest")
SPEC = DataSpec({"sample": (3, 4, 4), "label": ()}, classes=5)


@pytest.fixture
def arrays(tmp_path):
    random = np.random.default_rng(0)
    images = np.memmap(tmp_path / "images.u8", np.uint8, "w+", shape=(37, 3, 4, 4))
    images[:] = random.integers(0, 256, images.shape, np.uint8)
    return {"sample": images, "label": random.integers(0, 5, 37)}


def plain(arrays):
    return {name: np.array(array) for name, array in arrays.items()}


def equal(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_what_lies_on_a_disk_is_read_ahead_and_comes_out_the_same(arrays):
    direct, ahead = (Batches(given, SPEC, 8, 3, True, CPU) for given in (plain(arrays), arrays))
    assert (direct._ahead is None, ahead._ahead is None) == (True, False)
    for taken in range(1, 4 * 5):
        assert equal(direct.next(), ahead.next())
        assert direct.position == ahead.position == 8 * taken


def test_a_batch_is_what_its_definition_says(arrays):
    batches = Batches(plain(arrays), SPEC, 8, 3, True, CPU)
    random = np.random.default_rng([3, 0])
    order, mirrored = random.permutation(37), random.random(37) < 0.5
    for start in range(0, 32, 8):
        batch, chosen = batches.next(), order[start : start + 8]
        stored = torch.from_numpy(np.array(arrays["sample"][chosen]))
        seen = torch.where(torch.from_numpy(mirrored[start : start + 8])[:, None, None, None], stored.flip(-1), stored)
        assert torch.equal(batch["sample"], seen.float() / 127.5 - 1)
        assert batch["sample"].is_contiguous(memory_format=torch.channels_last)
        assert batch["label"].tolist() == arrays["label"][chosen].tolist()


def test_position_is_all_that_resuming_needs(arrays):
    through = Batches(arrays, SPEC, 8, 3, True, CPU)
    expected = [through.next() for _ in range(12)]
    for start in (0, 3, 4, 7):
        resumed = Batches(arrays, SPEC, 8, 3, True, CPU)
        resumed.next()
        resumed.position = 8 * start  # as Run.restore sets it, after something was read ahead
        assert all(equal(resumed.next(), wanted) for wanted in expected[start:])


def test_it_reads_just_so_far_ahead_and_in_one_other_thread():
    asked, threads = [], set()

    def read(position, size):
        asked.append(position)
        threads.add(threading.current_thread())
        return position

    ahead = Ahead(read)
    assert [ahead.take(position, 1) for position in range(4)] == [0, 1, 2, 3]
    ahead._thread.shutdown()
    assert asked == list(range(4 + DEPTH))
    assert len(threads) == 1
    assert threads != {threading.current_thread()}


def test_the_next_is_read_while_this_one_is_used():
    began = threading.Event()

    def read(position, size):
        if position == 7:
            began.set()
        return position

    Ahead(read).take(0, 7)
    assert began.wait(5)


def test_an_error_is_raised_where_its_batch_is_taken():
    def read(position, size):
        if position == 2:
            raise GanzooError("image 5 is damaged")
        return position

    ahead = Ahead(read)
    assert [ahead.take(0, 1), ahead.take(1, 1)] == [0, 1]
    with pytest.raises(GanzooError, match="image 5"):
        ahead.take(2, 1)


def test_floats_are_looked_through_in_parts(monkeypatch, tmp_path):
    points = np.zeros((1000, 2), np.float32)
    monkeypatch.setattr(rows, "CHUNK_BYTES", 64)
    assert is_finite(points)
    points[999, 1] = np.nan
    assert not is_finite(points)


@pytest.mark.gpu
def test_on_a_gpu_what_does_not_fit_is_read_ahead_into_pinned_memory(arrays, monkeypatch):
    gpu = Runtime(torch.device("cuda", 0), "fp32", "highest")
    resident = Batches(arrays, SPEC, 8, 3, True, gpu)
    assert resident._resident
    assert resident._ahead is None
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (0, 0))
    streamed, here = Batches(arrays, SPEC, 8, 3, True, gpu), Batches(plain(arrays), SPEC, 8, 3, True, CPU)
    assert not streamed._resident
    assert streamed._ahead is not None
    assert all(value.is_pinned() for value in streamed._read(0, 8).values())
    for _ in range(20):
        wanted = here.next()
        for given in (resident.next(), streamed.next()):
            assert equal(wanted, {name: value.cpu() for name, value in given.items()})
