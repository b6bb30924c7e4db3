"""Bad configurations end the real command with exit code 2 and one line that names the key and the remedy; nothing is written."""

import itertools
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from forked import ganzoo
from PIL import Image
from refusals import GOOD, configuration, files, refused

from ganzoo.cli import invoke

LINES = {key: number for number, key in enumerate(GOOD, 1)}
NEW = len(GOOD) + 1
"""The line that a key which GOOD lacks is written on."""


POINTS = {"data": "{name: ring, count: 64}", "generator": "{name: mlp, hidden: [8]}", "critic": "{name: mlp, hidden: [8]}"}
LAUGHS = "a: &a [ha]\n" + "".join(f"{y}: &{y} [{', '.join([f'*{x}'] * 9)}]\n" for x, y in itertools.pairwise("abcdefghi"))


@dataclass
class Bad:
    """A bad configuration: its text, the place, the key, and what the message and its remedy must say."""

    text: str
    key: str
    what: str
    remedy: str
    line: int | None = None


def bad(key, what, remedy, *, line=None, **changes):
    """GOOD with ``changes``; the line, unless given, is that of the first changed key."""
    first = next(iter(changes))
    if line is None and len(changes) == 1:
        line = LINES.get(first, NEW)
    return Bad(configuration(**changes), key, what, remedy, line)


CASES = {
    # What the text is.
    "empty file": Bad("", "", "the file is empty", "a run needs data, generator, critic and loss", 1),
    "a list": Bad("- digits\n- dcgan\n", "", "expects a mapping", "write 'key: value' lines", 1),
    "prose": Bad("train a gan please\n", "", "expects a mapping", "write 'key: value' lines", 1),
    "open bracket": Bad(configuration(loss="[wasserstein"), "", "not valid YAML", "check brackets", LINES["train"]),
    "tab": Bad("data:\n\tname: digits\n", "", "a tab", "use spaces", 2),
    "control character": Bad("data: \x00\n", "", "U+0000", "remove it", 1),
    "alias bomb": Bad(LAUGHS + configuration(), "a", "anchor &a", "write the value out", 1),
    "alias of nothing": Bad(configuration(loss="*all"), "loss", "alias", "write the value out", 4),
    "merge key": Bad(configuration(train="{<<: {steps: 3}}"), "train", "the merge key", "write the keys out", 5),
    "tag": Bad(configuration(generator="!!python/object/apply:os.system ['touch owned']"), "generator", "tag", "remove it", 2),
    "duplicate key": Bad(configuration() + "loss: least_squares\n", "loss", "second time (first on line 4)", "remove one", NEW),
    "deep nesting": Bad(configuration(init="[" * 60 + "]" * 60), "", "deeper than 50", "flatten it", NEW),
    "key that is not a string": Bad(configuration() + "1: 2\n", "1", "not a string", "in quotes", NEW),
    "two documents": Bad(configuration() + "---\n" + configuration(), "", "document", "", None),
    # Keys and types.
    "no data": bad("data", "is missing", "ganzoo list --kind dataset", data=None, line=1),
    "no loss": bad("loss", "is missing", "ganzoo list --kind loss", loss=None, line=1),
    "unknown key": bad("trian", "no such key", "did you mean 'train'", trian="{steps: 3}"),
    "unknown key of a section": bad("train.step", "no such key", "did you mean 'steps'", train="{step: 3}"),
    "steps in words": bad("train.steps", "an integer > 0, found the string 'ten'", "the default is 10000", train="{steps: ten}"),
    "steps in quotes": bad("train.steps", "found the string '10'", "write 10 without quotes", train="{steps: '10'}"),
    "negative steps": bad("train.steps", "an integer > 0, found -1", "the default is 10000", train="{steps: -1}"),
    "true steps": bad("train.steps", "found true", "the default is 10000", train="{steps: true}"),
    "half a seed": bad("train.seed", "an integer >= 0, found 1.5", "the default is 0", train="{seed: 1.5}"),
    "average of everything": bad("train.ema", "< 1", "the default is null", train="{ema: 1.0}"),
    "half precision": bad("train.precision", "'fp16'", "permitted: auto, bf16, fp32", train="{precision: fp16}"),
    "a device by its trade name": bad("train.device", "auto, cpu, cuda or cuda:N", "the default is auto", train="{device: gpu}"),
    "section as a list": bad("train", "a mapping", "steps", train="[1, 2]"),
    "empty list of losses": bad("loss", "an empty list", "ganzoo list --kind loss", loss="[]"),
    "a number as a loss": bad("loss.1", "found 3", "ganzoo list --kind loss", loss="[wasserstein, 3]"),
    "null generator": bad("generator", "nothing (null)", "ganzoo list --kind generator", generator="null"),
    "component without a name": bad("generator.name", "is missing", "add 'name: ...'", generator="{width: 4}"),
    # Names and parameters of components.
    "typo of a generator": bad("generator", "'dgcan'", "did you mean 'dcgan'", generator="dgcan"),
    "typo of a data set": bad("data", "'celebA'", "did you mean 'celeba'", data="celebA"),
    "typo of a loss in a list": bad(
        "loss.1", "'gradient_penality'", "did you mean 'gradient_penalty'", loss="[wasserstein, gradient_penality]"
    ),
    "typo of a schedule": bad("schedule", "'altrenate'", "did you mean 'alternate'", schedule="altrenate"),
    "another distribution": bad(
        "generator", "'ganzoo-wgan/dcgan'", "installed: acgan, began_decoder, biggan, biggan_deep", generator="ganzoo-wgan/dcgan"
    ),
    "typo of a parameter": bad("generator.widht", "no such parameter", "did you mean 'width'", generator="{name: dcgan, widht: 4}"),
    "string as a weight": bad("loss.weight", "found the string '1'", "write 1 without", loss="{name: non_saturating, weight: '1'}"),
    "an unknown norm": bad("critic.norm", "'spectral'", "permitted: batch", critic="{name: dcgan, norm: spectral}"),
    "unknown optimizer": bad("optimizer.generator", "'adma'", "did you mean 'adam'", optimizer="{generator: adma}"),
    "another optimizer's parameter": bad(
        "optimizer.critic.betas", "no such parameter", "alpha", optimizer="{critic: {name: rmsprop, betas: [0, 1]}}"
    ),
    "learning rate that is not a number": bad(
        "optimizer.generator.lr", ".nan, which is not finite", "0.0002", optimizer="{generator: {name: adam, lr: .nan}}"
    ),
    "endless learning rate": bad("optimizer.critic.lr", "not finite", "0.0002", optimizer="{critic: {name: adam, lr: .inf}}"),
    "nesterov without momentum": bad(
        "optimizer.critic.nesterov", "momentum", "set momentum", optimizer="{critic: {name: sgd, nesterov: true}}"
    ),
    "observer that is not installed": bad("observers.0", "'tensorbord'", "installed: ", observers="[tensorbord]"),
    "metric that is not installed": bad("metrics.0", "'fidd'", "installed: ", metrics="[fidd]"),
    "metric at every zeroth step": bad("metrics.0.every", "> 0", "the default is null", metrics="[{name: fidd, every: 0}]"),
    "the same loss twice": bad("loss.1", "repeats loss.0", "remove one", loss="[wasserstein, wasserstein]"),
    # Data.
    "no CelebA": bad("data.root", "not found", "set data.root", data="{name: celeba, root: nowhere}"),
    "no folder": bad("data.root", "does not exist", "set data.root", data="{name: folder, root: nowhere}"),
    "no MNIST": bad("data.root", "MNIST is not in", "data.download: true", data="{name: mnist, root: nowhere, download: false}"),
    "no CIFAR-10": bad("data.root", "CIFAR-10 is not in", "set data.root", data="{name: cifar10, root: nowhere, download: false}"),
    "more in a batch than in the data": bad(
        "train.batch_size", "64 samples, fewer than one batch", "at most 64", **POINTS, train="{batch_size: 65}", line=5
    ),
    # What does not fit together.
    "batch norm under a penalty": bad(
        "loss.1",
        "mixes the batch",
        "critic.norm: none",
        critic="{name: dcgan, width: 4, norm: batch}",
        loss="[wasserstein, gradient_penalty]",
        line=4,
    ),
    "classes of a critic that gives none": bad(
        "loss.1", "'label_logits'", "choose another critic", loss="[non_saturating, label_classification]"
    ),
    "images' networks on points": bad("generator", "(2,)", "networks that serve this shape", data="{name: ring, count: 64}", line=2),
    "classes of data without labels": bad(
        "generator", "needs labels", "choose labelled data", **POINTS | {"generator": "{name: acgan, width: 4}"}, line=2
    ),
    "a penalty alone": bad("loss", "anything to minimise", "add an adversarial loss", loss="gradient_penalty"),
    "two adversarial losses": bad("loss", "'adversarial'", "name one of them only", loss="[wasserstein, least_squares]"),
    "one fake for two critic updates": bad(
        "schedule", "one fake is shared", "share_fake: false", schedule="{name: alternate, critic_updates: 2, share_fake: true}"
    ),
    "50 pixels": bad("generator", "50", "nearest", data="{name: folder, root: ../pictures, size: 50}", line=2),
    # The machine and the disk.
    "weights for nobody": bad("init.nobody", "no part of the networks", "critic.net, generator,", init="{nobody: w.safetensors}"),
    "weights for no part": bad(
        "init.critic.tail", "no part of the networks", "did you mean 'critic.net'?", init="{critic.tail: w.safetensors}"
    ),
    "weights that are missing": bad(
        "init.generator", "no weights file w.safetensors", "name a .safetensors file", init="{generator: w.safetensors}"
    ),
}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    work, pictures = tmp_path / "work", tmp_path / "pictures"
    work.mkdir()
    pictures.mkdir()
    for i in range(8):
        Image.new("RGB", (50, 50), (i, i, i)).save(pictures / f"{i}.png")
    monkeypatch.chdir(work)
    return work


@pytest.mark.parametrize("name", CASES)
def test_a_bad_configuration_is_refused_with_place_key_and_remedy(name, capsys):
    case = CASES[name]
    Path("bad.yaml").write_text(case.text)
    line = refused(capsys, "run", "bad.yaml", "--out", "deep/run", "--quiet")
    place = f"bad.yaml:{case.line}: " if case.line else "bad.yaml:"
    assert line.startswith(place + (f"{case.key}: " if case.key else ""))
    assert case.what in line
    assert case.remedy in line


def test_there_are_enough_of_them_and_the_good_one_is_good(capsys):
    assert len(CASES) >= 40
    Path("good.yaml").write_text(configuration())
    assert invoke(["check", "good.yaml"]) == 0, capsys.readouterr().err


@pytest.mark.skipif(torch.cuda.is_available(), reason="the device exists here")
def test_a_device_that_is_not_here_is_refused(capsys):
    Path("bad.yaml").write_text(configuration(train="{device: cuda}"))
    line = refused(capsys, "run", "bad.yaml", "--out", "run")
    assert line == "bad.yaml:5: train.device: there is no device 'cuda' here (0 CUDA devices); use auto or cpu"


def test_check_names_every_reason(capsys):
    Path("bad.yaml").write_text(
        configuration(critic="{name: dcgan, width: 4, norm: batch}", loss="[wasserstein, gradient_penalty, label_classification]")
    )
    assert invoke(["check", "bad.yaml"]) == 2
    out, err = capsys.readouterr()
    assert err.count("\n") == 1
    assert "(and 1 more; see 'ganzoo check')" in err
    assert "mixes the batch" in out
    assert "label_logits" in out
    assert invoke(["check", "bad.yaml", "--json"]) == 2
    assert '"key": "loss.2"' in capsys.readouterr().out


@pytest.mark.parametrize("name", ["tag", "unknown key", "typo of a parameter", "batch norm under a penalty"])
def test_the_installed_command_does_the_same(name, folder):
    Path("bad.yaml").write_text(CASES[name].text)
    done = ganzoo("run", "bad.yaml")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"ganzoo: error: bad.yaml:{CASES[name].line}: {CASES[name].key}: ")
    assert done.stderr.count("\n") == 1
    assert files() == ["bad.yaml"]
