"""``ganzoo.wrap``: a plain network becomes a player that the kit accepts; what cannot be one is refused."""

import pytest
import torch
from torch import nn

import ganzoo
from ganzoo.cli import invoke
from ganzoo.fields import forward_inputs
from ganzoo.params import parameters_of
from ganzoo.testing import check_component

POINTS = ganzoo.DataSpec({"sample": (2,)})


class Mapper(nn.Module):
    """Maps noise to points.

    Args:
        width: units of the hidden layer.
        latent_dim: length of the noise.
        slope: of the activation below 0.
    """

    def __init__(self, width: ganzoo.PositiveInt = 8, latent_dim: ganzoo.PositiveInt = 3, slope=0.2):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(latent_dim, width), nn.LeakyReLU(slope), nn.Linear(width, 2))

    def forward(self, latent):
        return self.layers(latent)


class Judge(nn.Module):
    """Scores points.

    Args:
        width: units of the hidden layer.
    """

    def __init__(self, data, *, width: ganzoo.PositiveInt = 8):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(data.shape[0], width), nn.Tanh(), nn.Linear(width, 1))

    def forward(self, x):
        return self.layers(x)


def test_a_network_that_gives_a_sample_is_a_generator_with_its_parameters():
    wrapped = ganzoo.wrap(Mapper, gives="sample")
    assert issubclass(wrapped, ganzoo.Generator)
    assert forward_inputs(wrapped) == ("latent",)
    assert [(p.name, p.annotation, p.default) for p in parameters_of(wrapped)] == [
        ("width", ganzoo.PositiveInt, 8),
        ("latent_dim", ganzoo.PositiveInt, 3),
        ("slope", float, 0.2),
    ]
    made = wrapped(POINTS, width=4, latent_dim=5, slope=0.1)
    assert made.draw(6)["latent"].shape == (6, 5)
    assert made(latent=torch.zeros(6, 5))["sample"].shape == (6, 2)
    assert wrapped.__module__ == __name__


def test_a_network_that_gives_a_score_is_a_critic_and_gets_the_data():
    wrapped = ganzoo.wrap(Judge, gives="score", reads="sample")
    assert issubclass(wrapped, ganzoo.Critic)
    assert wrapped(POINTS, width=4)(sample=torch.zeros(3, 2))["score"].shape == (3, 1)


@pytest.mark.parametrize(("kind", "cls"), [("generator", Mapper), ("critic", Judge)])
def test_the_kit_accepts_it(kind, cls):
    wrapped = ganzoo.wrap(cls, gives="sample" if kind == "generator" else "score", reads="latent" if kind == "generator" else "sample")
    outcomes = check_component(kind, wrapped)  # of the examples it serves points
    assert [f"{o.check}: {o.reason}" for o in outcomes if o.status == "failed"] == []
    assert sum(o.status == "ok" for o in outcomes) > 8


def test_several_fields_come_from_a_tuple_in_order_or_from_a_mapping():
    class Two(nn.Module):
        def forward(self, sample):
            return sample[:, :1], sample

    class Named(nn.Module):
        def forward(self, sample):
            return {"score": sample}

    given = ganzoo.wrap(Two, gives=["score", "label_logits"])(POINTS)(sample=torch.zeros(3, 2))
    assert {name: tuple(value.shape) for name, value in given.items()} == {"score": (3, 1), "label_logits": (3, 2)}
    assert set(ganzoo.wrap(Named, gives="score")(POINTS)(sample=torch.zeros(3, 2))) == {"score"}


class Unknown(nn.Module):
    def __init__(self, width):
        super().__init__()

    def forward(self, latent, *, scale=1.0):
        return latent


class Short(nn.Module):
    def forward(self, latent):
        return latent


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: ganzoo.wrap(Unknown, gives="sample", reads="latent"), "takes 'width', whose type is not known"),
        (lambda: ganzoo.wrap(Unknown, gives="sample"), "the arguments of Unknown.forward are no fields"),
        (lambda: ganzoo.wrap(Mapper, gives=["sample", "score"]), "neither a generator nor a critic"),
        (lambda: ganzoo.wrap(Mapper(), gives="sample"), "is given a Mapper; give it the class"),
        (lambda: ganzoo.wrap(Mapper, gives=[]), "neither a generator nor a critic"),
        (lambda: ganzoo.wrap(Mapper, gives="sample", reads=["latent", "label"]), "takes 1 to 1 arguments, reads= names 2"),
        (lambda: ganzoo.wrap(Short, gives="sample")(POINTS), "reads 'latent' of an unknown length"),
    ],
)
def test_what_cannot_be_wrapped_is_refused(make, said):
    with pytest.raises(ganzoo.UserError, match=said):
        make()


def test_plain_networks_in_one_file_train(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "nets.py").write_text(
        "import ganzoo\nfrom torch import nn\n\n\n"
        "class Net(nn.Module):\n    def __init__(self, width: int = 8):\n        super().__init__()\n"
        "        self.layers = nn.Sequential(nn.Linear(2, width), nn.ReLU(), nn.Linear(width, 2))\n\n"
        "    def forward(self, x):\n        return self.layers(x)\n\n\n"
        'Tower = ganzoo.wrap(Net, gives="sample", reads="latent", latent_dim=2)\n'
        "class Judge(Net):\n    def __init__(self):\n        super().__init__(4)\n\n\n"
        'PlainJudge = ganzoo.wrap(Judge, gives="score", reads="sample")\n'
    )
    (tmp_path / "ring.yaml").write_text(
        "data: {name: ring, count: 64}\ngenerator: {name: tower, width: 4}\ncritic: plain_judge\nloss: non_saturating\n"
        "train: {steps: 2, batch_size: 8, device: cpu, threads: 1}\n"
    )
    assert invoke(["run", "ring.yaml", "--plugin", "nets.py", "-q"]) == 0
    assert invoke(["sample", "runs/ring", "-n", "4"]) == 0
