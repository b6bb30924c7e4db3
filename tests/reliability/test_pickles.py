"""A file with code in it, wherever ganzoo reads tensors: nothing of it runs, whatever torch's environment says."""

import hashlib
import io
import pickle
from pathlib import Path

import pytest
import torch
from ganzoo_metrics.inception import load_inception

from ganzoo.errors import UserError
from ganzoo.rundir import checkpoint, weight_files


class Attack:
    """Unpickling it makes a file."""

    def __reduce__(self):
        return (open, ("owned", "w"))


def archive(**options):
    buffer = io.BytesIO()
    torch.save({"weight": Attack()}, buffer, **options)
    return buffer.getvalue()


FORMATS = {
    "a zip archive of torch.save": archive,
    "a file of torch.save before 1.6": lambda: archive(_use_new_zipfile_serialization=False),
    "a pickle": lambda: pickle.dumps({"weight": Attack()}, protocol=2),
}


def as_checkpoint(content):
    Path("c").mkdir()
    Path("c/step-00000001.ckpt").write_bytes(content)
    checkpoint.load(Path("c"), lambda text: None)


def as_checkpoint_with_its_checksum(content):
    as_checkpoint(checkpoint.sealed(content))


def as_weights(content):
    Path("weights.pth").write_bytes(content)
    weight_files.read(Path("weights.pth"))


def as_inception(content):
    Path("inception.pth").write_bytes(content)
    load_inception(Path("inception.pth"), sha256=hashlib.sha256(content).hexdigest())


READERS = [as_checkpoint, as_checkpoint_with_its_checksum, as_weights, as_inception]


@pytest.fixture(autouse=True)
def _weakened(monkeypatch):
    """Torch's own way of making ``torch.load`` run what it reads."""
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
@pytest.mark.promise(
    "Hostile input",
    "Pickles with code in them, as checkpoint, weights or Inception file, with TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1: none runs",
)
def test_nothing_is_executed(reader, form, found):
    with pytest.raises(UserError):
        reader(FORMATS[form]())
    assert not Path("owned").exists()
    found(f"{form}, {reader.__name__}")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("form", FORMATS)
def test_the_files_do_what_they_are_made_for(form):
    """Read by a careless program, each of them runs."""
    content = FORMATS[form]()
    if form == "a pickle":
        pickle.loads(content)  # noqa: S301  (that is the point)
    else:
        torch.load(io.BytesIO(content))
    assert Path("owned").exists()
