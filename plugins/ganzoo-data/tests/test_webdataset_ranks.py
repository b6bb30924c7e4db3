"""Tar shards in several processes: each draws from its own, and epochs end together."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from shards import shard

from ganzoo import DataSpec
from ganzoo.cli import invoke
from ganzoo.engine.batches import Batches
from ganzoo.engine.device import Runtime
from ganzoo.engine.distributed import Ranks

CPU = Runtime(torch.device("cpu"), "fp32", "highest")


class Together(Ranks):
    """One of several ranks, which agree through a list that all of them know."""

    def __init__(self, rank, size, counts):
        self.rank, self.size, self._counts = rank, size, counts

    def all_reduce_max(self, number):
        return max(-count for count in self._counts)


def batches_of(rank: int, position: int = 0) -> Batches:
    """Of two ranks, which have 100 and 90 samples of their own."""
    own = [np.arange(100), np.arange(100, 190)]
    arrays = {"sample": np.zeros((len(own[rank]), 1, 4, 4), np.uint8), "label": own[rank]}
    counts = [len(labels) // 16 for labels in own]
    data = DataSpec({"sample": (1, 4, 4), "label": ()}, 190)
    return Batches(arrays, data, 32, 0, False, CPU, position, Together(rank, 2, counts), apart=True)


def test_ranks_draw_from_their_own_samples_and_end_their_epochs_together():
    seen = []
    for rank in (0, 1):
        batches = batches_of(rank)
        epoch = [batches.next()["label"].tolist() for _ in range(5)]
        following = batches.next()["label"].tolist()
        labels = [label for batch in epoch for label in batch]
        assert {len(batch) for batch in epoch} == {16}
        assert len(set(labels)) == len(labels)
        assert batches_of(rank, position=5 * 32).next()["label"].tolist() == following
        seen.append(set(labels + following))
    assert not seen[0] & seen[1]
    assert len(seen[0]) > 80 < len(seen[1])


RECIPE = """
data: {name: webdataset, shards: "shards/*.tar", size: 8, channels: 1, classes: 10}
generator: {name: mlp, hidden: [8], latent_dim: 2}
critic: {name: mlp, hidden: [8]}
loss: non_saturating
train: {steps: 3, batch_size: 8, device: cpu, threads: 1}
"""


def test_a_recipe_of_the_first_version_that_sets_shard_size_is_told_in_one_line(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("recipe.yaml").write_text(RECIPE.replace("steps: 3", "shard_size: 1000, steps: 3"))
    assert invoke(["run", "recipe.yaml"]) == 2
    error = capsys.readouterr().err.strip()
    assert len(error.splitlines()) == 1
    assert "train.shard_size was removed" in error.replace(": was", " was")
    assert "data: {name: webdataset, shards: ...}" in error
    (tmp_path / "shards").mkdir()
    shard(tmp_path / "shards", 0)
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    Path("recipe.yaml").write_text(RECIPE.replace("steps: 3", "shard_size: null, steps: 3"))  # as their config.yaml has it
    assert invoke(["run", "recipe.yaml", "-q", "--out", "run"]) == 0


@pytest.mark.slow
@pytest.mark.promise("Many processes", "Each process decodes and reads only its own shards; together they have all of the data, once")
def test_two_processes_train_on_their_own_shards(tmp_path, found):
    """torchrun; each process has a cache of its own, as on two machines."""
    (tmp_path / "shards").mkdir()
    for number in range(4):
        shard(tmp_path / "shards", number)
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    own = 'export GANZOO_CACHE=cache-$LOCAL_RANK OMP_NUM_THREADS=1; exec "$0" -m ganzoo run recipe.yaml --out run'
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--no-python", "--standalone"]
    done = subprocess.run([*torchrun, "sh", "-c", own, sys.executable], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert (tmp_path / "run" / "weights" / "generator.safetensors").is_file()
    halves = [np.fromfile(path, np.uint8).reshape(-1, 64)[:, 0] for path in sorted(tmp_path.glob("cache-*/*.u8"))]
    assert [len(half) for half in halves] == [20, 20]
    assert sorted(np.concatenate(halves).tolist()) == list(range(40))
    found("2 processes, 4 shards")
