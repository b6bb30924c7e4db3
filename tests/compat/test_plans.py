"""Every kind of plan of a run is tried before training, by its own losses; what it names has to be there."""

import itertools
import random
import time
from collections import deque

import numpy as np
import pytest
import torch
from torch import nn
from turn_players import DATA, Difference, Judge, Maker, checked

from ganzoo.rules import Loss, Plan, Schedule


class Pull(Loss):
    """An objective of the generator alone."""

    def generator_terms(self, turn):
        return {"pull": (turn.fake["sample"] - turn.real["sample"]).square().mean()}


def check(plan, total=100, **more):
    class Planned(Schedule):
        def plan(self, step, total):
            return plan(step)

    return checked(schedule=Planned, total=total, **more)


def later(plan, start=50):
    """A schedule of the plain plan, and from ``start`` on of ``plan``."""
    return lambda step: plan if step >= start else Plan()


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (Plan(losses=frozenset({"diference"})), "'diference' from step 50 on, which is none of the run's; did you mean 'difference'?"),
        (Plan(frozen=("critic.bodi",)), "'critic.bodi' from step 50 on, which is not part of the networks; did you mean 'critic.body'?"),
        (Plan(frozen=("critik",)), "did you mean 'critic'?"),
        (Plan(2, 1, share_fake=True), "one fake is shared by both turns from step 50 on"),
        (Plan(share_fake=True, fresh_real=True), "one fake is shared by both turns from step 50 on, which then take one batch"),
        (Plan(share_fake=True, batch_size={"critic": 8}), "one of its own (batch_size)"),
        (Plan(batch_size={"critik": 8}), "batch_size of 'critik' from step 50 on, which is not a player; did you mean 'critic'?"),
        (Plan(batch_size={"critic": 0}), "gives the critic batches of 0 samples from step 50 on"),
        (Plan(reset=("generatr",)), "reset of 'generatr' from step 50 on, which is not a player; did you mean 'generator'?"),
        (Plan(losses=frozenset()), "nothing trains from step 50 on"),
        (Plan(losses=["difference"]), "unhashable"),
        (None, "no plan for step 50 of 100: AttributeError"),
    ],
)
def test_a_later_plan_that_cannot_be_done_is_refused_before_training(plan, message):
    problems = check(later(plan)).problems
    assert [problem.key for problem in problems] == ["schedule"]
    assert message in str(problems[0])
    assert check(later(plan), total=50).fits  # where the run ends before it


def test_a_run_in_which_nobody_moves_is_refused():
    assert "moves nobody" in str(check(lambda step: Plan(0, 0)).problems[0])


class Staged(Maker):
    """Fails at its second stage."""

    def forward(self, latent, stage):
        made = super().forward(latent)
        return {name: value.reshape(7, 3) if stage == 1 else value for name, value in made.items()}


def test_a_later_stage_that_does_not_fit_is_found_and_blamed_on_the_network():
    problems = check(lambda step: Plan(values={"stage": step // 50, "alpha": step / 100}), generator=Staged).problems
    assert problems[0].key == "generator"
    assert "turn from step 50 on fails: RuntimeError" in problems[0].what


def test_a_field_that_comes_with_some_plans_only_is_named_so():
    problems = check(lambda step: Plan(values={"stage": 0} if step >= 50 else {}), generator=Staged).problems
    assert "needs the field 'stage', which the schedule gives from step 50 on only" in problems[0].what


def test_phases_that_act_by_their_own_losses_fit():
    losses = (Pull, Difference)
    assert check(lambda step: Plan(0, 1, losses=frozenset({"pull"})) if step < 50 else Plan(), losses=losses).problems == []
    lone = check(lambda step: Plan(losses=frozenset({"pull"})) if step < 50 else Plan(), losses=losses)
    assert lone.fits
    assert "the critic has nothing to minimise at first" in lone.notes


def test_a_loss_is_tried_only_where_it_acts():
    class Torn(Pull):
        def generator_terms(self, turn):
            raise ValueError("torn")

    losses = (Difference, Torn)
    assert check(lambda step: Plan(losses=frozenset({"difference"})), losses=losses).fits
    problem = check(later(Plan(), 50), losses=losses, total=60).problems[0]
    assert problem.key == "loss.1"
    assert "torn" in problem.what


def test_a_part_that_rests_is_not_asked_for_a_gradient():
    assert check(later(Plan(frozen=("critic",)))).fits


def test_a_part_that_is_frozen_is_tried_in_evaluation_mode_and_no_other():
    modes = {}

    class Watched(Judge):
        def forward(self, sample):
            modes.setdefault(self.body.training, []).append(self.training)
            return super().forward(sample)

    assert check(later(Plan(frozen=("critic.body",))), critic=Watched).fits
    assert modes.keys() == {True, False}
    assert all(modes[False])


def test_many_kinds_are_cut_short_with_a_note_and_what_they_name_is_still_read():
    verdict = check(lambda step: Plan(values={"stage": step}), total=500)
    assert verdict.fits
    assert any("the first 32 were tried" in note for note in verdict.notes)
    named = check(lambda step: Plan(values={"stage": step}, losses=frozenset({"other"}) if step == 499 else None), total=500)
    assert "'other' from step 499 on" in named.problems[0].what


def test_floats_that_move_are_one_kind_and_long_runs_are_asked_quickly():
    started = time.process_time()
    verdict = check(lambda step: Plan(values={"alpha": step / 1e5}), total=100_000)
    assert verdict.fits
    assert not any("kinds of plan" in note for note in verdict.notes)
    assert time.process_time() - started < 3


class Rebuilds(Pull):
    """A loss on what the generator makes of it."""

    needs = frozenset({"source"})


def test_a_field_of_the_data_does_not_do_where_the_generator_must_make_it():
    given = {"losses": (Difference, Rebuilds), "data": type(DATA)({**DATA.fields, "source": (2,)})}
    problem = checked(**given).problems[0]
    assert problem.key == "loss.1"
    assert "needs the generator to make the field 'source', which generator Maker does not" in problem.what

    def both():
        made = Maker(lambda x: {"sample": x, "source": x})
        made.gives = frozenset({"sample", "source"})
        return made

    assert checked(generator=both, **given).fits


def test_a_field_that_nothing_gives_names_all_that_could():
    class Asks(Pull):
        reads = frozenset({"alpha"})

    problem = check(lambda step: Plan(values={"beta": 1.0}), losses=(Difference, Asks)).problems[0]
    assert "nor do the generator's prior and the schedule" in problem.what
    assert "the prior gives latent, the schedule gives beta" in problem.remedy


def test_networks_that_copy_a_layer_in_their_constructor_are_tried():
    def critic():
        judge = Judge()
        judge.body = nn.Sequential(nn.TransformerEncoder(nn.TransformerEncoderLayer(2, 2, 4, batch_first=True), 2), judge.body)
        return judge

    assert checked(critic=critic).problems == []


def test_a_buffer_that_no_checkpoint_holds_is_refused_by_name():
    def critic():
        judge = Judge()
        judge.body.register_buffer("seen", judge.body.weight.detach().clone(), persistent=False)
        return judge

    problem = checked(critic=critic).problems[0]
    assert problem.key == "critic"
    assert "keeps 'body.seen' in a buffer that no checkpoint holds" in problem.what
    assert "self.register_buffer('seen', ..., persistent=True)" in problem.remedy


class Inner:
    """An object of a plugin's own, which knows who keeps it."""

    def __init__(self, value):
        self.value, self.owner = value, self


class Slotted:
    __slots__ = ("value",)

    def __init__(self, value):
        self.value = value


@pytest.mark.parametrize(
    ("keep", "use", "said"),
    [
        (lambda: deque([torch.zeros(2)], 5), lambda kept: None, "'kept' holds tensors in a deque"),
        (lambda: deque(maxlen=5), lambda kept: kept.append(1), "'kept' changes when it runs"),
        (lambda: {"seen": [torch.zeros(2)]}, lambda kept: None, "'kept' holds tensors in a dict"),
        (lambda: np.zeros(2), lambda kept: kept.__iadd__(1), "'kept' changes when it runs"),
        (lambda: np.random.default_rng(0), lambda kept: None, "'kept' is a generator of random numbers"),
        (lambda: np.random.RandomState(0), lambda kept: None, "'kept' is a generator of random numbers"),
        (lambda: [random.Random(0)], lambda kept: None, "'kept' is a generator of random numbers"),
        (lambda: Inner(0), lambda kept: setattr(kept, "value", 1), "'kept' changes when it runs"),
        (lambda: [Inner(Inner(0))], lambda kept: setattr(kept[0].value, "value", 1), "'kept' changes when it runs"),
        (lambda: Inner(torch.zeros(2)), lambda kept: None, "'kept' holds tensors in a Inner"),
        (lambda: Slotted(random.Random(0)), lambda kept: None, "'kept' is a generator of random numbers"),
        (lambda: [nn.Linear(2, 2)], lambda kept: None, "'kept' holds tensors in a list"),
        (itertools.count, next, "'kept' changes when it runs"),
        (lambda: {}, lambda kept: kept.update({len(kept): None}), "'kept' changes when it runs"),
    ],
)
def test_whatever_a_component_keeps_it_in_is_named(keep, use, said):
    class Keeps(Difference):
        def __init__(self):
            super().__init__()
            self.kept = keep()

        def critic_terms(self, turn):
            use(self.kept)
            return super().critic_terms(turn)

    assert any(said in note for note in check(lambda step: Plan(), losses=[Keeps]).notes)


def test_what_else_is_not_saved_is_said_before_the_run():
    class Counts(Difference):
        def __init__(self):
            super().__init__()
            self.calls, self.queue, self.random = 0, [torch.zeros(2)], torch.Generator()

        def after(self, turn):
            self.calls += 1

    notes = checked(losses=[Counts]).notes
    for said in ("'calls' changes when it runs", "'queue' holds tensors in a list", "'random' is a generator of random numbers"):
        assert any(f"loss Counts keeps what no checkpoint holds: {said}" in note for note in notes)
    assert not any("Difference" in note for note in checked().notes)
