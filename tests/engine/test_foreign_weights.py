"""Weights come as other programs leave them, and what is not weights is named in one line."""

import argparse
import copy
import zipfile

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from ganzoo.errors import UserError
from ganzoo.rundir import checkpoint
from ganzoo.rundir.weights import load_into


def network(seed=0):
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 1))
    net[1].running_mean.normal_()
    return net


KNOWN = network(1).state_dict()
FORMS = {
    **{
        prefix: {prefix + name: value for name, value in KNOWN.items()}
        for prefix in (
            "module.",
            "_orig_mod.",
            "model.",
            "generator.",
            "netG.",
            "G.",
            "ema_model.",
            "netG_A.",
            "Generator.",
            "_fsdp_wrapped_module.",
        )
    },
    "module._orig_mod.": {f"module._orig_mod.{name}": value for name, value in KNOWN.items()},
    "model.module.netG._orig_mod.": {f"model.module.netG._orig_mod.{name}": value for name, value in KNOWN.items()},
    "both networks": {f"{side}.{name}": value for name, value in KNOWN.items() for side in ("netG", "netD")},
    **{
        f"{ours} beside {other}": {f"{ours}.{name}": value for name, value in KNOWN.items()}
        | {f"{other}.{name}": value for name, value in KNOWN.items()}
        for ours, other in (("G_ema", "D"), ("netG_A", "netD_A"), ("net_g", "net_d"), ("model.Generator", "model.Discriminator"))
    },
    "wrapped within": {
        name.replace("1.", "1._orig_mod.").replace("0.", "0._checkpoint_wrapped_module."): value for name, value in KNOWN.items()
    },
    "average": {"n_averaged": torch.tensor(7)} | {f"module.{name}": value for name, value in KNOWN.items()},
    "without counters": {name: value for name, value in KNOWN.items() if not name.endswith("num_batches_tracked")},
    "half": {name: value.half() if value.is_floating_point() else value for name, value in KNOWN.items()},
    **{
        key: {key: KNOWN, "epoch": 3, "args": {"lr": 0.1}}
        for key in ("generator", "netG", "G", "g_ema", "state_dict", "model_state_dict", "params_ema")
    },
    "nested": {
        "model": {"G": {f"module.{name}": value for name, value in KNOWN.items()}},
        "optimizer": {"state": {0: {"step": torch.ones(1)}}},
    },
    "beside other networks": {"generator": KNOWN, "discriminator": {"0.weight": torch.ones(1, 2)}},
}


@pytest.mark.parametrize("name", ["netD", "discriminator", "D", "net_d", "netD_A", "Critic"])
def test_weights_called_like_the_other_network_are_not_taken(name, tmp_path):
    torch.save({f"{name}.{key}": value for key, value in KNOWN.items()}, tmp_path / "w.pt")
    with pytest.raises(UserError, match="belongs to another network"):
        load_into(network(), tmp_path / "w.pt", "", "generator")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["w.pt", "w.bin"])
def test_weights_are_found_as_others_leave_them(form, name, tmp_path):
    torch.save(FORMS[form], tmp_path / name)
    into = network()
    load_into(into, tmp_path / name)
    for key, value in into.state_dict().items():
        if key != "1.num_batches_tracked":
            assert torch.allclose(value, KNOWN[key], atol=2e-3 if form == "half" else 0), key


@pytest.mark.parametrize("wrap", [lambda average: average, lambda average: nn.DataParallel(torch.compile(average))])
def test_torchs_moving_average_is_read(wrap, tmp_path):
    torch.save(wrap(torch.optim.swa_utils.AveragedModel(network(1))).state_dict(), tmp_path / "w.pt")
    into = network()
    load_into(into, tmp_path / "w.pt")
    assert torch.equal(into[0].weight, KNOWN["0.weight"])


@pytest.mark.parametrize("name", ["w.pt", "w.safetensors", "w"])
def test_safetensors_are_told_from_their_content(name, tmp_path):
    save_file(KNOWN, tmp_path / name)
    load_into(into := network(), tmp_path / name)
    assert torch.equal(into[0].weight, KNOWN["0.weight"])


def test_a_state_dict_under_the_ending_of_safetensors_is_read(tmp_path):
    torch.save(KNOWN, tmp_path / "w.safetensors")
    load_into(into := network(), tmp_path / "w.safetensors")
    assert torch.equal(into[0].weight, KNOWN["0.weight"])


def test_where_several_fit_it_asks_and_takes_the_one_that_is_named(tmp_path):
    path = tmp_path / "w.pt"
    torch.save({"g": KNOWN, "g_ema": network(2).state_dict()}, path)
    with pytest.raises(UserError, match=r"holds several state dicts that fit: g, g_ema; choose one: .*w\.pt:g$") as caught:
        load_into(network(), path)
    assert "\n" not in str(caught.value)
    load_into(into := network(), f"{path}:g_ema")
    assert torch.equal(into[0].weight, network(2)[0].weight)
    with pytest.raises(UserError, match="holds no state dict 'ema'; it holds g, g_ema"):
        load_into(network(), f"{path}:ema")


def test_several_that_fit_side_by_side_are_asked_for_too(tmp_path):
    path = tmp_path / "w.pt"
    other = network(2).state_dict()
    torch.save({f"module.netG_{which}.{name}": value for which, each in (("A", KNOWN), ("B", other)) for name, value in each.items()}, path)
    with pytest.raises(UserError, match=r"several state dicts that fit: netG_A, netG_B; choose one: .*w\.pt:netG_A$"):
        load_into(network(), path)
    load_into(into := network(), f"{path}:netG_B")
    assert torch.equal(into[0].weight, other["0.weight"])


def test_each_network_gets_its_own_of_a_file_of_both(tmp_path):
    both = {f"netG.{name}": value for name, value in KNOWN.items()} | {
        f"netD.{name}": value for name, value in network(2).state_dict().items()
    }
    torch.save(both, tmp_path / "w.pt")
    load_into(critic := network(), tmp_path / "w.pt", side="critic")
    assert torch.equal(critic[0].weight, network(2)[0].weight)
    load_into(generator := network(), tmp_path / "w.pt")
    assert torch.equal(generator[0].weight, KNOWN["0.weight"])


def test_our_own_checkpoints_give_what_samples_are_drawn_from(tmp_path):
    networks = {"generator": network(2).state_dict(), "critic": network(3).state_dict(), "average": KNOWN}
    path = checkpoint.save(tmp_path, 3, {"networks": networks, "step": 3}, keep=1)
    load_into(into := network(), path)
    assert torch.equal(into[0].weight, KNOWN["0.weight"])
    load_into(into, f"{path}:generator")
    assert torch.equal(into[0].weight, network(2)[0].weight)


def test_a_prefix_that_only_some_names_have_is_left(tmp_path):
    torch.save({"module.weight": torch.ones(1, 1), "bias": torch.ones(1)}, tmp_path / "w.pt")
    with pytest.raises(UserError, match="1 missing"):
        load_into(nn.Linear(1, 1), tmp_path / "w.pt")


def with_weight(value):
    return KNOWN | {"0.weight": value}


def quantised():
    return torch.quantize_per_tensor(torch.ones(3, 2), 0.1, 0, torch.qint8)


TENSORS = {
    "float8": (with_weight(torch.ones(3, 2).to(torch.float8_e4m3fn)), "'0.weight' in float8_e4m3fn"),
    "sparse": (with_weight(torch.ones(3, 2).to_sparse()), r"'0.weight' as a sparse tensor"),
    "meta": (with_weight(torch.ones(3, 2, device="meta")), "'0.weight' on the device 'meta', which holds no values"),
    "integers": (with_weight(torch.ones(3, 2).to(torch.int8)), "'0.weight' as int8, the network has floats there"),
    "shape": (with_weight(torch.ones(4, 2)), r"'0.weight' of shape \(4, 2\), the network \(3, 2\)"),
    "nested": (lambda: with_weight(torch.nested.nested_tensor([torch.ones(3, 2)], layout=torch.jagged)), "'0.weight' as a nested tensor"),
    "nan": (with_weight(torch.full((3, 2), float("nan"))), "not finite"),
    "integer keys": ({0: torch.ones(1), 1: torch.ones(2)}, r"has numbers for names \(0, 1\), as an optimizer's state has"),
    "none": ({"epoch": 3, "loss": 0.1}, "has epoch, loss and holds no state dict"),
    "a list": ([1, 2], "is a list and holds no state dict"),
}


@pytest.mark.parametrize("kind", TENSORS)
def test_a_tensor_that_cannot_be_a_weight_is_named(kind, tmp_path):
    content, words = TENSORS[kind]
    torch.save(content() if callable(content) else content, tmp_path / "w.pt")  # what takes long to import is not made by who collects
    before = copy.deepcopy(network().state_dict())
    with pytest.raises(UserError, match=words) as caught:
        load_into(into := network(), tmp_path / "w.pt")
    assert "\n" not in str(caught.value)
    assert caught.value.key == "--weights"
    assert all(torch.equal(value, before[name]) for name, value in into.state_dict().items())


def test_a_quantised_tensor_is_named(tmp_path, recwarn):
    torch.save(with_weight(quantised()), tmp_path / "w.pt")
    with pytest.raises(UserError, match=r"as a quantised tensor|cannot be read without executing code"):
        load_into(network(), tmp_path / "w.pt")


FILES = {
    "empty": (b"", "is empty"),
    "web page": (b"\n<!DOCTYPE html><html><title>Sign in</title>", r"is a web page \(HTML\), not weights"),
    "text": (b"Quota exceeded, sorry.\n", r"is a text file \('Quota exceeded, sorry.'\)"),
    "pointer": (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n", "is a pointer of git-lfs.*git lfs pull"),
    "keras": (b"\x89HDF\r\n\x1a\n" + bytes(100), "is an HDF5 file"),
    "commented page": (b"<!-- saved from --><HTML>", r"is a web page"),
    "page of Windows": ("<html>".encode("utf-16"), r"is a web page"),
    "picture": (b"\x89PNG\r\n\x1a\n", "is a picture, not weights"),
    "compressed": (b"\x1f\x8b\x08" + bytes(40), "is a compressed file; unpack it first"),
    "noise": (bytes(range(256)), "cannot be read without executing code"),
}


@pytest.mark.parametrize("name", ["w.pt", "w.safetensors"])
@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_is_no_weights_is_named(kind, name, tmp_path):
    content, words = FILES[kind]
    if kind == "noise" and name == "w.safetensors":
        words = "is not a whole safetensors file"
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=words) as caught:
        load_into(network(), tmp_path / name)
    assert "\n" not in str(caught.value)


def test_an_archive_that_holds_no_plain_weights_is_named(tmp_path):
    torch.save({"args": argparse.Namespace(), "netG": KNOWN}, tmp_path / "w.pt")
    with pytest.raises(UserError, match=r"it holds a pickled argparse\.Namespace"):
        load_into(network(), tmp_path / "w.pt")
    np.savez(tmp_path / "w.npz", **{name: value.numpy() for name, value in KNOWN.items()})
    with pytest.raises(UserError, match=r"is a zip of 0\.weight\.npy, .*, not a file of torch\.save"):
        load_into(network(), tmp_path / "w.npz")
    with zipfile.ZipFile(tmp_path / "w.pt", "w") as archive:
        for name in ("data.pkl", "constants.pkl", "code/n.py"):
            archive.writestr(f"net/{name}", b"")
    with pytest.raises(UserError, match="is a TorchScript archive"):
        load_into(network(), tmp_path / "w.pt")


@pytest.mark.parametrize("name", ["w.pt", "w.safetensors"])
def test_a_cut_file_is_no_whole_one(name, tmp_path):
    save_file(KNOWN, tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    for length in (len(whole) - 5, 100, 60):
        (tmp_path / name).write_bytes(whole[:length])
        with pytest.raises(UserError, match="is not a whole safetensors file"):
            load_into(network(), tmp_path / name)
