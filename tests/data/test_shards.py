"""Shards: each process decodes, keeps and reads its own part of the data, and together they have all of it, once."""

import subprocess
import sys
from io import StringIO

import numpy as np
import pytest
import torch
from ganzoo_data.folder import ImageFolder
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ganzoo import UserError
from ganzoo.data import decoding
from ganzoo.data.cache import Cache
from ganzoo.data.images import BadImage
from ganzoo.data.shards import Shards, Share
from ganzoo.engine.batches import Batches
from ganzoo.engine.device import Runtime
from ganzoo.engine.distributed import Ranks
from ganzoo.fields import DataSpec
from ganzoo.ui.progress import LineReporter

COUNT, SIZE, SHAPE = 3500, 1000, (1, 4, 4)
CPU = Runtime(torch.device("cpu"), "fp32", "highest", 1)


@settings(max_examples=50, deadline=None)
@given(count=st.integers(1, 500), size=st.integers(1, 100), ranks=st.integers(1, 6))
def test_shares_are_all_of_the_data_once(count, size, ranks):
    if -(-count // size) < ranks:
        with pytest.raises(UserError, match="processes"):
            Share(0, ranks, size).shards(count)
        return
    shares = [dict(Share(rank, ranks, size).shards(count)) for rank in range(ranks)]
    items = np.concatenate([items for share in shares for items in share.values()])
    assert sorted(items.tolist()) == list(range(count))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
    one = dict(Share(0, 1, size).shards(count))
    assert all(np.array_equal(one[number], items) for share in shares for number, items in share.items())


def test_too_many_shards_for_one_process_are_refused():
    with pytest.raises(UserError, match=r"train\.shard_size: 5000 shards a process are more than 500; set it to at least 100"):
        Share(0, 2, 10).shards(100_000)


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch):
    """So that it can be counted what is decoded."""
    monkeypatch.setattr(decoding, "process_count", lambda: 1)


class Source:
    """Items whose images are filled with their number; counts what is decoded."""

    def __init__(self, bad=()):
        self.bad, self.decoded = bad, []

    def decode(self, item):
        self.decoded.append(item)
        if item in self.bad:
            raise BadImage("broken")
        return np.full(SHAPE, item % 251, np.uint8)

    def read(self, folder, share, max_bad=0.01, log=None):
        cache = Cache(folder, LineReporter(log or StringIO()), share=share)
        return cache.images({"key": "k"}, range(COUNT), self.decode, SHAPE, max_bad=max_bad)


@pytest.mark.parametrize("ranks", [1, 2, 3, 4])
def test_each_process_decodes_and_reads_its_own_shards_of_1000(tmp_path, ranks):
    kept = []
    for rank in range(ranks):
        source, share = Source(), Share(rank, ranks, SIZE)
        found = source.read(tmp_path / f"disk {rank}", share)
        assert sorted(source.decoded) == sorted(found.kept.tolist())
        np.testing.assert_array_equal(found.images[:, 0, 0, 0], found.kept % 251)
        assert [path.stat().st_size for path in (tmp_path / f"disk {rank}").glob("*.u8")] <= [SIZE * 16] * 4
        again = Source()
        assert again.read(tmp_path / f"disk {rank}", share).sha256 == found.sha256
        assert again.decoded == []
        kept.append(found.kept)
    assert sorted(np.concatenate(kept).tolist()) == list(range(COUNT))


def test_another_number_of_processes_takes_up_the_shards_that_are_there(tmp_path):
    Source().read(tmp_path, Share(0, 1, SIZE))
    for rank in range(4):
        source = Source()
        source.read(tmp_path, Share(rank, 4, SIZE))
        assert source.decoded == []


def test_bad_images_are_counted_over_a_process_share(tmp_path):
    bad = range(0, COUNT, 200)
    log = StringIO()
    found = Source(bad).read(tmp_path / "a", Share(0, 2, SIZE), log=log)
    assert len(found.kept) + len(found.bad) == 2000
    assert not set(found.kept.tolist()) & set(bad)
    assert "images cannot be read" in log.getvalue()
    with pytest.raises(UserError, match=r"of 2000 images cannot be read: \d+ \(broken\)"):
        Source(bad).read(tmp_path / "b", Share(0, 2, SIZE), max_bad=0.001)


def test_shards_are_picked_from_as_from_an_ndarray():
    parts = [np.arange(first, first + 2 * length).reshape(length, 2) for first, length in ((0, 3), (100, 1), (200, 5))]
    shards, whole = Shards(parts), np.concatenate(parts)
    assert (len(shards), shards.shape, shards.dtype, shards.nbytes) == (9, whole.shape, whole.dtype, whole.nbytes)
    for picked in (0, -1, slice(None), slice(2, 8, 2), np.array([8, 0, 3, 3]), np.arange(9) % 2 == 0, (slice(1, 5), 1), (4, 0)):
        np.testing.assert_array_equal(shards[picked], whole[picked])
    np.testing.assert_array_equal(np.asarray(shards), whole)
    with pytest.raises(IndexError):
        shards[9]


class Together(Ranks):
    """One of several ranks, which agree through a list that all of them know."""

    def __init__(self, rank, size, counts):
        self.rank, self.size, self._counts = rank, size, counts

    def agree(self, number):
        return max(-count for count in self._counts)


def batches_of(tmp_path, rank, ranks, position=0):
    sources = [Source(bad=(5, 6) if rank == 0 else ()).read(tmp_path / str(rank), Share(rank, ranks, 500)) for rank in range(ranks)]
    counts = [len(source.kept) // 16 for source in sources]
    arrays = {"sample": sources[rank].images, "label": sources[rank].kept}
    data = DataSpec({"sample": SHAPE, "label": ()}, classes=COUNT)
    return Batches(arrays, data, 16 * ranks, 0, False, CPU, position, Together(rank, ranks, counts)), min(counts)


def test_ranks_draw_from_their_own_shards_and_end_their_epochs_together(tmp_path):
    seen = []
    for rank in (0, 1):
        batches, count = batches_of(tmp_path, rank, 2)
        epoch = [batches.next()["label"].tolist() for _ in range(count)]
        following = batches.next()["label"].tolist()
        assert {len(labels) for labels in epoch} == {16}
        labels = [label for batch in epoch for label in batch]
        assert len(set(labels)) == len(labels)
        assert set(following) <= {label for label in range(COUNT) if label not in (5, 6)}
        seen.append(set(labels))
        resumed, _ = batches_of(tmp_path, rank, 2, position=count)
        assert resumed.next()["label"].tolist() == following
    assert not seen[0] & seen[1]
    assert len(seen[0] | seen[1]) > COUNT - 600


RECIPE = """
data: {name: folder, root: pictures, size: 8}
generator: {name: mlp, hidden: [8], latent_dim: 2}
critic: {name: mlp, hidden: [8]}
loss: non_saturating
train: {steps: 12, batch_size: 64, shard_size: 1000, device: cpu, threads: 1}
"""


@pytest.mark.slow
@pytest.mark.promise("Many processes", "Each process decodes and reads only its own shards; together they have all of the data, once")
def test_two_processes_train_on_shards_of_1000(tmp_path, found):
    """torchrun; each process has a cache of its own, as on two machines."""
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    random = np.random.default_rng(0)
    for number in range(4000):
        Image.fromarray(random.integers(0, 256, (8, 8, 3), np.uint8)).save(pictures / f"{number:04}.png")
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    own = 'export GANZOO_CACHE=cache-$LOCAL_RANK OMP_NUM_THREADS=1; exec "$0" -m ganzoo run recipe.yaml --out run'
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--no-python", "--standalone"]
    done = subprocess.run([*torchrun, "sh", "-c", own, sys.executable], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert (tmp_path / "run" / "weights" / "generator.safetensors").is_file()
    for rank in (0, 1):
        assert [path.stat().st_size for path in (tmp_path / f"cache-{rank}").glob("*.u8")] == [1000 * 3 * 8 * 8] * 2
    whole = np.asarray(ImageFolder(root=str(pictures), size=8).arrays(Cache(tmp_path / "whole"))["sample"])
    halves = [np.fromfile(path, np.uint8).reshape(-1, 3, 8, 8) for path in tmp_path.glob("cache-*/*.u8")]
    assert {image.tobytes() for half in halves for image in half} == {image.tobytes() for image in whole}
    found("2 processes, 4 shards of 1,000 images")
