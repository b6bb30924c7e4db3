"""The matrix asks per pair, says of each combination what the whole check says, and lets no schedule hide another's misfit."""

import json

import pytest
from ganzoo_kit import crossing as matrix
from ganzoo_kit import knowing
from torch import nn
from turn_players import Difference, Judge, Maker, Plain

from ganzoo import compat
from ganzoo.cli import invoke
from ganzoo.errors import UserError
from ganzoo.fields import DataSpec
from ganzoo.registry import Component, Registry
from ganzoo.rules import Plan
from ganzoo.ui.progress import reporter

DATA = DataSpec({"sample": (2,)})


class Shares(Plain):
    """A schedule that cannot be done."""

    def plan(self, step, total):
        return Plan(2, 1, share_fake=True)


class Grows(Plain):
    """A schedule that gives a field."""

    def plan(self, step, total):
        return Plan(values={"alpha": 0.5})


class Growing(Maker):
    """A generator that needs a schedule's field."""

    def __init__(self, data):
        super().__init__()

    def forward(self, latent, alpha):
        return {"sample": self.body(latent) * alpha}


class Torn(Growing):
    """Another one, of the wrong shape."""

    def __init__(self, data):
        super().__init__(data)
        self.body = nn.Linear(3, 5)


class Wrong(Maker):
    """A generator of the wrong shape."""

    def __init__(self, data):
        super().__init__()
        self.body = nn.Linear(3, 5)


def registry_of(**components):
    registry = Registry([])
    for kind, classes in components.items():
        registry.components += [Component(kind, f"{cls.__name__.lower()}{i}", cls, f"ganzoo-{i}", "1") for i, cls in enumerate(classes)]
    return registry


def plain(cls):
    """A subclass with a constructor of its own, as each distribution would give it."""
    return type(cls.__name__, (cls,), {"__init__": lambda self, data: cls.__init__(self)})


class Looks(Difference):
    """A loss that looks at the critic itself, for which no stand-in can serve."""

    def critic_terms(self, turn):
        assert isinstance(turn.critic, nn.Module)
        return super().critic_terms(turn)


@pytest.mark.parametrize(
    ("generator", "loss", "schedule"), [(plain(Maker), Difference, Plain), (plain(Maker), Looks, Plain), (Growing, Difference, Grows)]
)
def test_the_number_of_runs_grows_with_pairs_not_with_combinations(generator, loss, schedule, monkeypatch):
    ran, n = [], 4
    for module, name in ((matrix, "dry_run"), (knowing, "dry_run"), (knowing, "seen_of"), (knowing, "asking_of")):
        monkeypatch.setattr(module, name, lambda *arguments, original=getattr(module, name): ran.append(1) or original(*arguments))
    registry = registry_of(generator=[generator] * n, critic=[plain(Judge)] * n, loss=[loss] * n, schedule=[schedule] * n)
    rows = matrix.cross(registry, DATA, reporter(quiet=True))
    assert len(rows) == n**4
    assert all(row.fits for row in rows)
    assert len(ran) <= 3 * n * n


def test_a_misfit_stays_one_whatever_schedule_comes_after():
    registry = registry_of(generator=[plain(Maker), Wrong], critic=[plain(Judge)], loss=[Difference], schedule=[Shares, Plain, Grows])
    rows = matrix.cross(registry, DATA, reporter(quiet=True))
    fitting = {(row.generator, row.schedule) for row in rows if row.fits}
    assert fitting == {("maker0", "plain1"), ("maker0", "grows2")}


def test_what_needs_a_schedules_field_is_tried_whole():
    registry = registry_of(generator=[Growing, Torn], critic=[plain(Judge)], loss=[Difference], schedule=[Plain, Grows])
    rows = {(row.generator, row.schedule): row for row in matrix.cross(registry, DATA, reporter(quiet=True))}
    assert "needs the field 'alpha'" in rows["growing0", "plain0"].reason
    assert rows["growing0", "grows1"].fits
    assert "shape" in rows["torn1", "grows1"].reason


class Pictures(Maker):
    """A generator that these data are nothing for."""

    def __init__(self, data):
        raise UserError("points are not pictures", "choose pictures")


class Acts(Plain):
    """A schedule that acts by a loss, and freezes a part of a network."""

    def plan(self, step, total):
        return Plan(losses=frozenset({"difference0"}), frozen=("generator.body",))


def test_what_no_partner_would_help_is_said_once():
    losses = [Difference, type("Other", (Difference,), {})]
    registry = registry_of(generator=[plain(Maker), Pictures, Torn], critic=[plain(Judge)] * 2, loss=losses, schedule=[Plain, Acts])
    rows = matrix.cross(registry, DATA, reporter(quiet=True))
    by_losses = [row for row in rows if matrix.ANY in row.generator]
    assert [row[:4] for row in rows if row.generator == "pictures1"] == [("pictures1", "*", ("*",), "*")]
    assert [row[1:4] for row in by_losses] == [("*", ("other1",), "acts1")]
    assert "'difference0', which is none of the run's" in by_losses[0].reason
    assert ("other1",) not in [row.losses for row in rows if row.schedule == "acts1" and row not in by_losses]
    assert {row.losses for row in rows if row.schedule == "acts1" and row.fits} == {("difference0",)}


DIGITS = DataSpec({"sample": (1, 28, 28), "label": ()}, 10)


@pytest.mark.parametrize("every", [pytest.param(1, id="all", marks=pytest.mark.slow), pytest.param(31, id="one row in 31")])
@pytest.mark.parametrize("data", [pytest.param(DATA, id="points"), pytest.param(DIGITS, id="digits", marks=pytest.mark.slow)])
def test_the_matrix_says_what_the_whole_check_says(data, every):
    registry = Registry.installed()
    parts = {kind: {part.name: part for part in matrix.default_parts(registry, kind, data)} for kind in matrix.KINDS}
    any_of = {"generator": "mlp", "critic": "mlp", "loss": "non_saturating", "schedule": "alternate"}
    for kind, named in parts.items():
        named[matrix.ANY] = named[any_of[kind]]
    for row in matrix.cross(registry, data, reporter(quiet=True))[::every]:
        if not data.is_image or {row.generator, row.critic} <= {"mlp", matrix.ANY}:  # every pair would take minutes
            chosen = [parts["loss"][name] for name in row.losses]
            found = compat.check(
                parts["generator"][row.generator], parts["critic"][row.critic], chosen, parts["schedule"][row.schedule], data
            )
            said = [str(problem) for problem in found.problems] or [""]
            assert row.reason in (said if row.critic == row.generator == matrix.ANY else said[:1]), row


def test_the_command_says_what_fits_and_why_the_rest_does_not(capsys, monkeypatch):
    asked, data = [], "{name: ring, count: 64}"
    monkeypatch.setattr(matrix, "cross", lambda *args, cross=matrix.cross: asked or asked.extend(cross(*args)) or asked)
    assert invoke(["matrix", "--data", data, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    fitting = [row for row in rows if row["fits"]]
    assert {(row["generator"], row["critic"]) for row in fitting} == {
        ("mlp", critic) for critic in ("autoencoder", "feature_mlp", "mlp", "pac", "spectrally_normalised")
    }
    assert all(row["reason"] for row in rows if not row["fits"])
    assert invoke(["matrix", "--data", data]) == 0
    text = capsys.readouterr().out.splitlines()
    assert text[0] == f"{len(fitting)} of {len(rows)} combinations fit {data}"
    assert sum(" no: " in line for line in text) == len(rows) - len(fitting)
