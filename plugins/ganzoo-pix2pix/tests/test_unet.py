import pytest
import torch
from ganzoo_pix2pix.unet import UNet
from torch import nn

from ganzoo import DataSpec, UserError
from ganzoo.cli import invoke


def pairs(*edges: int, channels: int = 3) -> DataSpec:
    return DataSpec({"sample": (3, *edges), "source": (channels, *edges)})


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize("norm", ["instance", "batch"])
def test_the_number_of_weights_is_that_of_the_reference_code(norm) -> None:
    with torch.device("meta"):
        assert count(UNet(pairs(256, 256), norm=norm)) == 54_413_955  # junyanz/pytorch-CycleGAN-and-pix2pix: 54.414 M


def test_channels_are_the_papers() -> None:
    with torch.device("meta"):
        network = UNet(pairs(256, 256))
    assert [m.out_channels for m in network.modules() if isinstance(m, nn.Conv2d)] == [64, 128, 256, 512, 512, 512, 512, 512]
    up = [(m.in_channels, m.out_channels) for m in network.modules() if isinstance(m, nn.ConvTranspose2d)]
    assert up == [(512, 512), (1024, 512), (1024, 512), (1024, 512), (1024, 256), (512, 128), (256, 64), (128, 3)]
    assert sum(isinstance(m, nn.Dropout) for m in network.modules()) == 3
    assert sum(isinstance(m, nn.InstanceNorm2d) for m in network.modules()) == 6 + 7  # not the first, the innermost, the last


@pytest.mark.parametrize(("edges", "halved"), [((32, 32), 5), ((48, 48), 4), ((64, 128), 6), ((512, 512), 8)])
def test_any_size_that_halves_is_served(edges, halved) -> None:
    with torch.device("meta"):
        network = UNet(pairs(*edges, channels=1), width=2)
        made = network(torch.empty(2, 1, *edges))["sample"]
    assert made.shape == (2, 3, *edges)
    assert len(network.down) == halved


def test_what_a_step_down_left_goes_around_the_point_in_the_middle() -> None:
    network = UNet(pairs(32, 32), width=4, dropout=0.0)
    nn.init.zeros_(network.up[0][1].weight)  # nothing comes out of the innermost step
    source, other = torch.rand(2, 1, 3, 32, 32) * 2 - 1
    assert not torch.allclose(network(source)["sample"], network(other)["sample"])


def test_instance_norm_is_the_papers_batch_norm_of_one() -> None:
    """A batch norm that normalises by its batch of one, in training and after, makes the same of an image."""
    batch, instance = (UNet(pairs(32, 32), width=4, dropout=0.0, norm=norm) for norm in ("batch", "instance"))
    instance.load_state_dict(batch.state_dict(), strict=False)
    sources = torch.rand(2, 3, 32, 32) * 2 - 1
    alone = torch.cat([batch(sources[i : i + 1])["sample"] for i in range(2)])
    assert torch.allclose(instance.eval()(sources)["sample"], alone, atol=1e-5)


def test_dropout_is_of_the_training_alone() -> None:
    network, source = UNet(pairs(32, 32), width=4), torch.rand(1, 3, 32, 32)
    assert not torch.equal(network(source)["sample"], network(source)["sample"])
    network.eval()
    assert torch.equal(network(source)["sample"], network(source)["sample"])


@pytest.mark.parametrize(
    ("data", "depth", "said"),
    [
        (pairs(30, 30), None, "30 x 30 pixels can be halved 1 times; make them 28 x 28 or 32 x 32, the nearest sizes"),
        (pairs(48, 64), 5, "halves images 5 times, and 48 x 64 pixels can be halved 4 times"),
        (DataSpec({"sample": (3, 32, 32)}), None, "this data has no field 'source'"),
        (DataSpec({"sample": (3, 32, 32), "source": (3, 16, 16)}), None, "source and sample of one size"),
    ],
)
def test_sizes_that_it_cannot_halve_are_refused_in_words(data, depth, said) -> None:
    with pytest.raises(UserError, match=said):
        UNet(data, depth=depth)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["data={name: outlines, size: 50, count: 20}"], "50 x 50 pixels can be halved 1 times"),
        (["data={name: tinted, count: 80}"], "loss pixel_l1 compares pairs, and this data's 'source' is not paired"),
        (["data=digits"], "no field 'source'"),
        (["data={name: paired, root: pairs}"], "no partner of trainA/a/2.png"),
    ],
)
def test_bad_data_end_a_run_in_one_line_before_training(settings, said, tmp_path, monkeypatch, capsys) -> None:
    from PIL import Image

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    for name in ("trainA/a/1", "trainA/a/2", "trainB/a/1"):
        (tmp_path / f"pairs/{name}.png").parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (64, 64)).save(tmp_path / f"pairs/{name}.png")
    options = [word for setting in settings for word in ("-o", setting)]
    assert invoke(["run", "ganzoo-pix2pix:outlines", "--out", "run", "-q", "-o", "metrics=[]", *options]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert said in err
    assert not (tmp_path / "run/checkpoints").exists()
