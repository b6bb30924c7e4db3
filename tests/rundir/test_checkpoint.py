"""A file of a checkpoint: it comes back as it was, damage is found, nothing in it is executed, the latest are kept."""

import hashlib
import io
import pickle
import zipfile
from pathlib import Path

import pytest
import torch

from ganzoo.errors import UserError
from ganzoo.rundir import checkpoint

STATE = {"step": 7, "networks": {"generator": {"weight": torch.arange(6.0).reshape(2, 3)}}, "random": None, "runtime": {"threads": 1}}


# The file.


def test_a_checkpoint_comes_back_as_it_was():
    back = checkpoint.decode(checkpoint.encode(STATE), "file")
    assert torch.equal(back["networks"]["generator"].pop("weight"), STATE["networks"]["generator"]["weight"])
    assert back == STATE | {"networks": {"generator": {}}}


def test_torch_and_zip_read_a_file_as_it_is(tmp_path):
    path = checkpoint.save(tmp_path, 1, STATE, keep=1)
    assert torch.equal(torch.load(path, weights_only=True)["networks"]["generator"]["weight"], STATE["networks"]["generator"]["weight"])
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.comment.startswith(b"ganzoo-checkpoint 2 ")


def test_every_flipped_bit_is_found():
    content = checkpoint.encode(STATE)
    for position in range(0, len(content), max(1, len(content) // 200)):
        damaged = bytearray(content)
        damaged[position] ^= 1
        with pytest.raises(UserError):
            checkpoint.decode(bytes(damaged), "file")


@pytest.mark.parametrize("cut", [0, 5, 40, 1000, -1])
def test_a_shortened_file_is_found(cut):
    with pytest.raises(UserError, match=r"is not a ganzoo checkpoint|damaged"):
        checkpoint.decode(checkpoint.encode(STATE)[:cut], "file")


def test_another_format_says_what_to_upgrade():
    content = checkpoint.encode(STATE).replace(b"ganzoo-checkpoint 2 ", b"ganzoo-checkpoint 9 ", 1)
    with pytest.raises(UserError, match="format 9, this ganzoo-core reads 2; upgrade ganzoo-core"):
        checkpoint.decode(content, "file")


class Attack:
    """Unpickling it makes a file."""

    def __reduce__(self):
        return (open, ("owned", "w"))


@pytest.mark.parametrize("force", ["0", "1"])
def test_nothing_in_a_forged_checkpoint_is_executed(force, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", force)  # torch's own way to weaken torch.load
    archive = io.BytesIO()
    torch.save({"step": Attack()}, archive)
    for body in (archive.getvalue(), pickle.dumps(Attack(), protocol=2)):
        of_format_1 = b"ganzoo-checkpoint 1 %s\n" % hashlib.sha256(body).hexdigest().encode() + body
        for forged in (checkpoint.sealed(body), of_format_1):
            with pytest.raises(UserError, match="cannot be read"):
                checkpoint.decode(forged, "file")
    assert not Path("owned").exists()


def test_only_the_latest_are_kept_and_the_newest_whole_one_is_loaded(tmp_path):
    said = []
    for step in range(5):
        checkpoint.save(tmp_path / "c", step, STATE | {"step": step}, keep=3)
    assert [path.name for path in checkpoint.existing(tmp_path / "c")] == [f"step-{step:08d}.ckpt" for step in (4, 3, 2)]
    assert checkpoint.load(tmp_path / "c", said.append)[1]["step"] == 4
    assert said == []
    newest = tmp_path / "c/step-00000004.ckpt"
    newest.write_bytes(newest.read_bytes()[:-1])
    assert checkpoint.load(tmp_path / "c", said.append)[1]["step"] == 3
    assert len(said) == 1
    assert "step-00000004.ckpt is damaged" in said[0]
    for path in checkpoint.existing(tmp_path / "c"):
        path.write_bytes(b"")
    with pytest.raises(UserError, match="no usable checkpoint; start again"):
        checkpoint.load(tmp_path / "c", said.append)
