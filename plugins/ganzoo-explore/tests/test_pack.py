"""A pack samples elsewhere: without the run, its data or its other plugins; a changed file is refused."""

import importlib.metadata
import json
import os

import numpy as np
import pytest
import torch
import yaml
from ganzoo_explore.card import write_card
from ganzoo_explore.pack import shortened
from PIL import Image

from ganzoo.cli import invoke
from ganzoo.config import parse_config
from ganzoo.errors import UserError
from ganzoo.registry import Component, Registry
from ganzoo.rundir.comparison import find_checkpoint
from ganzoo.rundir.lines import append_event
from ganzoo.runs.packs import PINS, SUMS, sha256_of, version_note
from ganzoo.runs.trained import load_trained

FILES = {"README.md", "config.yaml", "env.json", "example.png", "requirements.txt", "weights/generator.safetensors"}


def test_it_samples_elsewhere_what_the_run_sampled(packed, tmp_path, capsys):
    folder, wanted, _ = packed
    capsys.readouterr()
    assert invoke(["sample", str(folder), "-n", "6", "--npz", str(tmp_path / "s.npz"), "--png", str(tmp_path / "s.png")]) == 0
    assert capsys.readouterr().err == ""
    with np.load(tmp_path / "s.npz", allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["sample"], wanted["sample"])
        assert arrays["label"].tolist() == [0, 0, 0, 1, 1, 1]
    assert invoke(["interpolate", str(folder), "--png", str(tmp_path / "i.png"), "--label", "0", "--to", "1"]) == 0
    assert load_trained(folder, None, Registry.installed()).class_names == ("cats", "dogs")


def test_it_holds_what_it_should_and_samples_stay_out_of_it(packed):
    folder, *_ = packed
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} == FILES | {SUMS}
    with Image.open(folder / "example.png") as picture:
        assert picture.height > 2 * 16


def test_nothing_of_the_machine_is_in_it(packed):
    folder, _, machine = packed
    for path in folder.rglob("*"):
        if path.is_file():
            assert str(machine).encode() not in path.read_bytes(), path
            assert os.uname().nodename.encode() not in path.read_bytes() or len(os.uname().nodename) < 4, path
    assert yaml.safe_load((folder / "config.yaml").read_text())["data"]["root"] == "pictures"


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("/home/me/data", "data"),
        ("~/data", "data"),
        ("data.root=/home/me/faces", "data.root=faces"),
        ("data/mnist", "data/mnist"),
        ({"a": ["/x/y", 3, None]}, {"a": ["y", 3, None]}),
    ],
)
def test_paths_are_shortened(given, wanted):
    assert shortened(given) == wanted


def test_versions_are_pinned(packed):
    pins = (packed[0] / "requirements.txt").read_text().partition("\n\n")
    version = importlib.metadata.version
    needed = {f"{name}=={version(name)}" for name in ("ganzoo-core", "ganzoo-explore", "ganzoo-acgan")}
    needed |= {f"torch=={torch.__version__.partition('+')[0]}", f"numpy=={np.__version__}"}
    assert {line for line in pins[0].splitlines() if not line.startswith("#")} == needed
    assert f"# ganzoo-vanilla=={version('ganzoo-vanilla')}" in pins[2].splitlines()


def resealed(pack):
    """The pack, with the sums of what is in it now."""
    names = (line.split("  ")[1] for line in (pack / SUMS).read_text().splitlines())
    (pack / SUMS).write_text("".join(f"{sha256_of(pack / name)}  {name}\n" for name in names))
    return pack


def test_versions_that_differ_are_named_in_one_line(pack, tmp_path, capsys):
    pins = (pack / PINS).read_text().splitlines()
    (pack / PINS).write_text("\n".join(["torch==1.13.1", "ganzoo-gone==1.2", "--pre", *(line for line in pins if "torch==" not in line)]))
    resealed(pack)
    here = importlib.metadata.version("torch")
    note = (
        f"note: {pack} was packed with torch==1.13.1 (here {here}), ganzoo-gone==1.2 (not installed here); "
        f"its samples may differ here. The same versions: pip install -r {pack / PINS}\n"
    )
    capsys.readouterr()
    assert invoke(["sample", str(pack), "-n", "2", "--png", str(tmp_path / "s.png")]) == 0
    assert capsys.readouterr().err == note
    assert invoke(["interpolate", str(pack), "--png", str(tmp_path / "i.png")]) == 0
    assert capsys.readouterr().err == note
    # What goes wrong afterwards may come of it.
    for words in (["neighbours", str(pack)], ["eval", str(pack), "-m", "classifier_fid"]):
        assert invoke(words) == 2
        assert capsys.readouterr().err.startswith(f"{note}ganzoo: error: ")


@pytest.mark.parametrize(("here", "said"), [("2.15.0", ""), ("2.15.0+cpu", ""), ("2.15.1", "torch==2.15.0 (here 2.15.1)")])
def test_a_build_of_the_same_version_is_the_same(here, said, tmp_path, monkeypatch):
    (tmp_path / PINS).write_text("# Python 3.11.2\ntorch==2.15.0\n\n# To train it again:\n# ganzoo-gone==1.2\n")
    monkeypatch.setattr(importlib.metadata, "version", lambda name: here)
    found = version_note(tmp_path, {}, Component("generator", "g", None, "ganzoo-g", "1"))
    assert (said in found) if said else found == ""


def test_the_card_says_what_a_reader_should_know(packed):
    card = (packed[0] / "README.md").read_text()
    _, front, text = card.split("---\n", 2)
    assert yaml.safe_load(front) == {
        "library_name": "ganzoo",
        "license": "cc-by-4.0",
        "pipeline_tag": "unconditional-image-generation",
        "tags": ["gan"],
    }
    for words in (
        "# pets\n",
        "ganzoo sample . -n 64",
        "| generator | acgan (latent_dim 4, width 4, kernel 5, init_std 0.02) |",
        "| loss | non_saturating (",
        "| trained for | 2 steps",
        "ganzoo run pets.yaml --out pets --quiet",
        "| fid | fid 12.5 | 2 | network inception 6726825d0af5, samples 50000, note a\\|b |",
        "Data: a folder of yours.",
        "Licence of these weights: cc-by-4.0.",
    ):
        assert words in text, words


def test_the_card_names_a_mixed_run_and_an_earlier_step(pack, tmp_path):
    (run := tmp_path / "run").mkdir()
    for event, values in (
        ("started", {"step": 0}),
        ("started", {"step": 2, "changed": ["threads was 1, is 2"]}),
        ("finished", {"step": 4}),
    ):
        append_event(run, event, **values)
    for step, said in ((4, "| trained for | 4 steps, 0 s"), (2, "| trained for | 2 steps, an earlier checkpoint of 4 steps")):
        text = write_card(pack, run, step, title="pets", data_source="", license_name=None).read_text()
        assert said in text
        assert "| changed on resuming | at step 2: threads was 1, is 2 |" in text


def test_only_the_generators_plugin_is_needed(pack, refused):
    (pack / SUMS).unlink()
    config = yaml.safe_load((pack / "config.yaml").read_text())
    config |= {"loss": "ganzoo-gone/loss", "critic": "ganzoo-gone/critic", "data": "ganzoo-gone/data", "schedule": "ganzoo-gone/schedule"}
    (pack / "config.yaml").write_text(yaml.safe_dump(config))
    assert invoke(["sample", str(pack), "--png", str(pack.parent / "s.png")]) == 0
    (pack.parent / "s.png").unlink()
    (pack / "config.yaml").write_text(yaml.safe_dump(config | {"generator": "ganzoo-gone/generator"}))
    assert "ganzoo-gone" in refused(pack)


def test_pack_says_what_stands_for_the_whole(pack, capsys):
    (pack / SUMS).unlink()  # a run again, as far as packing is concerned
    assert invoke(["pack", str(pack), "--out", str(pack.parent / "new"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["sha256"] == sha256_of(pack.parent / "new" / SUMS)
    assert said["files"].keys() == FILES
    assert "not stated" in (pack.parent / "new/README.md").read_text()


def test_pack_refuses(pack, tmp_path, capsys):
    assert invoke(["pack", str(pack)]) == 2
    assert "is a pack already" in capsys.readouterr().err
    (pack / SUMS).unlink()
    assert invoke(["pack", str(pack), "--out", str(pack)]) == 2
    assert "exists and is not empty" in capsys.readouterr().err
    assert invoke(["pack", str(tmp_path / "nowhere")]) == 2
    assert not [path for path in tmp_path.iterdir() if path != pack]


def test_a_pack_is_whole_or_not_there(pack, monkeypatch, capsys):
    def fail(*arguments, **more):
        raise OSError(28, "No space left on device")

    (pack / SUMS).unlink()
    monkeypatch.setattr("ganzoo_explore.pack.write_card", fail)
    assert invoke(["pack", str(pack), "--out", str(pack.parent / "new")]) == 3
    assert "No space left on device" in capsys.readouterr().err
    assert [path.name for path in pack.parent.iterdir()] == ["pack"]


def test_of_a_pack_no_step_is_named_among_none(tmp_path):
    config = parse_config("{data: ring, generator: mlp, critic: b, loss: c}")
    for step, said in (("2", "keeps no checkpoint of step 2"), ("first", "'first' is not a step"), ("best", "no metric to choose")):
        with pytest.raises(UserError, match=f"{said}.* it keeps the last weights alone"):
            find_checkpoint(tmp_path, config, Registry.installed(), step)
