import pytest
import torch
from ganzoo_cyclegan.critic import CycleGANCritic
from ganzoo_cyclegan.cycle import CycleConsistency
from ganzoo_cyclegan.generator import CycleGANGenerator
from ganzoo_cyclegan.identity import IdentityMapping
from PIL import Image
from torch import nn

from ganzoo import Critic, DataSpec, Generator, Turn, UserError, route
from ganzoo.cli import invoke


def domains(edge: int, channels: int = 3) -> DataSpec:
    return DataSpec({"sample": (3, edge, edge), "source": (channels, edge, edge)}, independent=("source",))


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_numbers_of_weights_are_those_of_the_reference_code() -> None:
    with torch.device("meta"):
        assert count(CycleGANGenerator(domains(256))) == 2 * 11_378_179  # 11.378 M each
        assert count(CycleGANGenerator(domains(128), blocks=6)) == 2 * 7_837_699
        assert count(CycleGANCritic(domains(256))) == 2 * 2_764_737


@pytest.mark.parametrize(("edges", "halvings"), [((32, 32), 1), ((64, 48), 2), ((128, 128), 2)])
def test_both_ways_lead_from_one_size_and_number_of_channels_to_the_others(edges, halvings) -> None:
    data = DataSpec({"sample": (3, *edges), "source": (1, *edges)})
    generator = CycleGANGenerator(data, width=4, blocks=1, halvings=halvings)
    made = generator(torch.zeros(2, 1, *edges))["sample"]
    assert made.shape == (2, 3, *edges)
    assert made.abs().max() <= 1
    assert generator.back(made)["source"].shape == (2, 1, *edges)
    critic = CycleGANCritic(data, width=4, layers=2)
    assert critic(made)["score"].shape == critic.back(torch.zeros(2, 1, *edges))["score"].shape


class Scales(Generator):
    """There: times ``there``; back: times ``back_by``."""

    def __init__(self, there, back_by):
        super().__init__()
        self.there, self.back_by = nn.Parameter(torch.tensor(there).double()), nn.Parameter(torch.tensor(back_by).double())

    def forward(self, source):
        return {"sample": self.there * source}

    @route(gives={"source"})
    def back(self, sample):
        return {"source": self.back_by * sample}


class Sees(Critic):
    def forward(self, sample):
        return {"score": sample.mean(dim=1)}


POINTS = DataSpec({"sample": (2,), "source": (2,)})
X, Y = torch.tensor([[1.0, -2.0]]).double(), torch.tensor([[0.5, 3.0]]).double()  # mean absolute values 1.5 and 1.75


def turn_of(generator):
    return Turn("generator", generator, Sees(), {"sample": Y, "source": X}, {})


def test_both_losses_meet_the_closed_form() -> None:
    generator = Scales(3.0, 0.5)
    cycle = CycleConsistency(POINTS).generator_terms(turn_of(generator))["cycle"]
    assert cycle.item() == pytest.approx(10 * (0.5 * 1.5 + 0.5 * 1.75), abs=1e-12)
    identity = IdentityMapping(POINTS).generator_terms(turn_of(generator))["identity"]
    assert identity.item() == pytest.approx(5 * (2 * 1.75 + 0.5 * 1.5), abs=1e-12)
    slopes = torch.autograd.grad(cycle, [generator.there, generator.back_by])
    assert [slope.item() for slope in slopes] == pytest.approx([10 * 0.5 * 3.25, 10 * 3 * 3.25], abs=1e-12)


def test_a_way_and_its_inverse_cost_nothing_and_only_the_identity_keeps_everything() -> None:
    there_and_back, nothing = Scales(4.0, 0.25), Scales(1.0, 1.0)
    assert CycleConsistency(POINTS).generator_terms(turn_of(there_and_back))["cycle"].item() == 0
    assert IdentityMapping(POINTS).generator_terms(turn_of(there_and_back))["identity"].item() > 1
    assert IdentityMapping(POINTS).generator_terms(turn_of(nothing))["identity"].item() == 0


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            ["data={name: tinted, size: 33, count: 20}"],
            "wants edges that are multiples of 2 and at least 8 pixels; 'source' has (33, 33); make them 32 x 32 or 34 x 34",
        ),
        (["data=digits"], "wants images of two domains, 'source' and 'sample'"),
        (["data={name: unpaired, root: two}"], "has pictures in trainA/, wanted in both trainA/ and trainB/"),
    ],
)
def test_bad_data_end_a_run_in_one_line_before_training(settings, said, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    (tmp_path / "two/trainA").mkdir(parents=True)
    Image.new("RGB", (16, 16)).save(tmp_path / "two/trainA/1.png")
    options = [word for setting in settings for word in ("-o", setting)]
    assert invoke(["run", "ganzoo-cyclegan:tinted", "--out", "run", "-q", "-o", "metrics=[]", *options]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert said in err
    assert not (tmp_path / "run/checkpoints").exists()


def test_domains_of_different_shapes_have_no_identity() -> None:
    with pytest.raises(UserError, match="wants domains of one shape"):
        IdentityMapping(domains(32, channels=1))
