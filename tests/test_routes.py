"""Routes: further forwards of a player, what a turn makes of them, and what is refused."""

import pytest
import torch
from torch import Tensor, nn
from turn_players import DATA, Judge, N, TwoJudges, TwoWay, batch, turn_of

from ganzoo.compat import Players, distinct, focused
from ganzoo.compat.declared import static_notes
from ganzoo.errors import ContractError
from ganzoo.players import Generator, has_batch_norm, judges_each_alone, mixes_batch, route
from ganzoo.rules import Loss, Plan, merge_terms


class Gap(Loss):
    def __init__(self, route="") -> None:
        super().__init__()
        self.route = route

    def critic_terms(self, turn):
        return {"adversarial": turn.fake_scores["score"].mean() - turn.real_scores["score"].mean()}


def two_way(side="critic", **more):
    return turn_of(side, TwoWay(), TwoJudges(), **more)


# What a turn makes along a route.


def test_along_a_route_its_own_forwards_make_and_judge():
    turn = two_way()
    back, real = turn.on("back"), turn.real
    assert torch.equal(back.fake["source"], turn.generator.home(real["sample"]))
    assert torch.equal(back.fake["sample"], real["sample"])
    assert torch.equal(back.fake_scores["score"], turn.critic.of_source(back.fake["source"])[:, 0])
    assert torch.equal(back.real_scores["score"], turn.critic.of_source(real["source"])[:, 0])
    assert torch.equal(turn.fake["sample"], turn.generator.there(real["source"]))
    assert (turn.compared, back.compared) == (("sample",), ("source",))
    assert (turn.route, back.route, back.on("").route) == ("", "back", "")


def test_what_is_computed_along_a_route_is_kept_for_it_and_for_no_other():
    turn = two_way()
    first, again = turn.on("back"), turn.on("back")
    assert first.fake is again.fake is turn.on("back").on("").on("back").fake
    assert first.fake_scores is again.fake_scores
    assert turn.computed("fake") is None
    first.keep["loss"] = 3
    assert again.keep == {"loss": 3}
    assert turn.keep == {}
    assert turn.generator.calls == ["back"]


def test_a_turn_on_a_route_frees_its_memory_without_the_garbage_collector():
    import gc
    import weakref

    turn = two_way("generator")
    made = weakref.ref(turn.on("back").fake["source"])
    gc.disable()
    try:
        del turn
        assert made() is None
    finally:
        gc.enable()


def test_where_a_player_has_no_such_route_its_forward_serves_and_runs_once():
    class Plain(Generator):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.calls = nn.Linear(3, 2), 0

        def forward(self, source: Tensor):
            self.calls += 1
            return {"sample": self.body(source)}

    generator = Plain()
    turn = turn_of("critic", generator, TwoJudges())
    assert turn.fake["sample"] is turn.on("back").fake["sample"]
    assert generator.calls == 1
    assert torch.equal(turn.on("back").fake_scores["score"], turn.critic.of_source(turn.fake["source"])[:, 0])


def test_a_shared_forward_runs_anew_where_a_view_changes_what_it_reads():
    class Doubled(Loss):
        route = "back"

        def view(self, fields, place, turn):
            return fields | {"source": fields["source"] * 2} if place == "real" else fields

    class Plain(Generator):
        def forward(self, source: Tensor):
            return {"sample": source[:, :2]}

    turn = turn_of("critic", Plain(), TwoJudges(), views=[Doubled()])
    assert torch.equal(turn.on("back").fake["sample"], 2 * turn.fake["sample"])


def test_a_view_acts_along_its_own_route_only():
    class Shifted(Loss):
        route = "back"

        def view(self, fields, place, turn):
            return fields | {"source": fields["source"] + 1} if place == "judged" else fields

    real = batch()
    turn = two_way(real=real, views=[Shifted()])
    assert torch.equal(turn.on("back").real_scores["score"], turn.critic.of_source(real["source"] + 1)[:, 0])
    assert torch.equal(turn.real_scores["score"], turn.critic.of_sample(real["sample"])[:, 0])


def test_a_view_that_covers_only_some_of_the_routes_in_use_is_worth_a_note():
    class Shifted(Loss):
        def view(self, fields, place, turn):
            return fields

    def notes(*losses):
        return [n for n in static_notes(Players(TwoWay(), TwoJudges(), dict(losses), None)) if "changes what is seen" in n]

    back = Shifted()
    back.route = "back"
    games = ("gap", Gap()), ("gap@back", Gap("back"))
    assert notes(*games, ("shifted", Shifted())) == ["loss 'shifted' changes what is seen along its own route, not along 'back'"]
    assert notes(*games, ("shifted@back", back)) == ["loss 'shifted@back' changes what is seen along its own route, not along forward"]
    assert notes(*games, ("shifted", Shifted()), ("shifted@back", back)) == []
    assert notes(games[0], ("shifted", Shifted())) == []


def test_made_is_the_fake_before_its_view():
    class Shifted(Loss):
        def view(self, fields, place, turn):
            return fields | {"sample": fields["sample"] + 1} if place == "fake" else fields

    turn = turn_of("critic", views=[Shifted()])
    assert torch.equal(turn.fake["sample"], turn.made["sample"] + 1)


def test_make_and_judge_take_a_route_of_their_own():
    turn = two_way("generator")
    rebuilt = turn.make(turn.made, route="back")
    assert torch.equal(rebuilt["source"], turn.generator.home(turn.made["sample"]))
    rebuilt["source"].sum().backward()
    assert turn.generator.there.weight.grad is not None
    assert torch.equal(turn.judge(turn.real, route="back")["score"], turn.critic.of_source(turn.real["source"])[:, 0])
    assert torch.equal(turn.on("back").judge(turn.real, route="")["score"], turn.critic.of_sample(turn.real["sample"])[:, 0])


def test_make_takes_another_number_of_samples():
    turn = two_way()
    assert turn.make({name: value[:2] for name, value in turn.real.items()})["sample"].shape == (2, 2)


def test_the_networks_are_read_only():
    turn = turn_of("critic")
    with pytest.raises(AttributeError):
        turn.generator = None
    with pytest.raises(AttributeError):
        turn.critic = None


def test_a_fake_shared_by_both_turns_is_shared_along_every_route():
    maker = two_way("generator")
    turn = turn_of("critic", maker.generator, maker.critic, maker.real, maker.drawn, maker=maker)
    for each in ("", "back"):
        name = maker.on(each).compared[0]
        assert torch.equal(turn.on(each).fake[name], maker.on(each).fake[name])
        assert not turn.on(each).fake[name].requires_grad
        assert maker.on(each).fake[name].requires_grad
    assert maker.generator.calls == ["", "back"]


# Names.


def test_terms_carry_their_route():
    assert merge_terms({"gap": Gap(), "gap@back": Gap("back")}, two_way()).keys() == {"adversarial", "adversarial@back"}


def test_a_plan_names_a_loss_along_every_route_or_along_one():
    assert [Plan(losses=frozenset({"gap"})).names(name) for name in ("gap", "gap#2", "gap@back", "gap@back#2", "other")] == [True] * 4 + [
        False
    ]
    assert [Plan(losses=frozenset({"gap@back"})).names(name) for name in ("gap", "gap@back", "gap@back#2")] == [False, True, True]
    assert Plan().names("whatever")


def test_entries_along_routes_are_told_apart():
    class Entry:
        def __init__(self, name, route=""):
            self.name, self.route = name, route

    assert list(distinct([Entry("gap"), Entry("gap", "back"), Entry("gap", "back")])) == ["gap", "gap@back", "gap@back#2"]


def test_a_loss_along_a_route_is_built_for_the_field_that_is_compared_there():
    generator, critic = TwoWay(), TwoJudges()
    assert focused(DATA, generator, critic, "back").shape == (3,)
    assert focused(DATA, generator, critic, "").shape == (2,)


# What is refused.


def refused(make, *words):
    with pytest.raises(ContractError) as caught:
        make()
    for word in words:
        assert word in str(caught.value)


def test_a_route_that_no_player_has_is_refused():
    refused(lambda: two_way().on("bcak"), "neither the generator nor the critic has a route 'bcak'")
    refused(lambda: two_way().make({}, route="bcak"), "generator TwoWay has no route 'bcak'")
    refused(lambda: two_way().judge({}, route="bcak"), "critic TwoJudges has no route 'bcak'")
    assert TwoWay().port("there") is None


@pytest.mark.parametrize("name", ["train", "draw", "forward", "port"])
def test_a_route_is_not_called_like_a_method_of_the_bases(name):
    refused(lambda: type("Named", (Generator,), {name: route(gives={"sample"})(lambda self: None)}), f"'{name}'", "rename it")


def test_a_route_is_not_called_like_a_sub_module():
    class Clash(TwoWay):
        def __init__(self) -> None:
            super().__init__()
            self.add_module("_back", nn.Identity())
            self._modules["back"] = self._modules.pop("_back")

    refused(lambda: Clash().port("back"), "a route and a sub-module 'back'")


def test_an_override_without_the_decorator_does_not_lose_the_route_in_silence():
    def override():
        class Sub(TwoWay):
            def back(self, sample: Tensor):
                return {"source": sample}

    refused(override, "overrides the route 'back'", "@route")


def test_an_override_with_the_decorator_takes_the_routes_place():
    class Sub(TwoWay):
        @route(gives={"source", "latent"})
        def back(self, label: Tensor):
            return {"source": label, "latent": label}

    assert Sub().port("back").reads == ("label",)
    assert Sub().port("back").gives == {"source", "latent"}


@pytest.mark.parametrize("gives", ["source", set()])
def test_gives_is_a_set_of_names(gives):
    refused(lambda: route(gives=gives), "@route(gives={")


def test_a_default_or_other_outputs_are_refused_by_the_routes_name():
    class Odd(TwoWay):
        @route(gives={"source"})
        def back(self, sample: Tensor):
            return {"sample": sample}

        @route(gives={"source"})
        def again(self, sample: Tensor = None):
            return {"source": sample}

    turn = turn_of("critic", Odd(), TwoJudges())
    refused(lambda: turn.on("back").fake, "generator Odd.back returns sample, but declares source")
    refused(lambda: Odd().port("again"), "Odd.again gives 'sample' a default")


def test_a_compiled_player_is_called_compiled_by_its_forward_and_plain_by_a_route():
    """``compile`` replaces what a call does, and routes are no calls of the player."""
    generator = TwoWay()
    generator._compiled_call_impl = lambda **fields: {"sample": fields["source"][:, :2] * 0}
    turn = turn_of("critic", generator, TwoJudges())
    assert torch.equal(turn.fake["sample"], torch.zeros(N, 2))
    assert torch.equal(turn.on("back").fake["source"], generator.home(turn.real["sample"]))


def test_forward_hooks_act_on_forward_alone():
    generator, seen = TwoWay(), []
    generator.register_forward_hook(lambda *given: seen.append(1))
    turn = turn_of("critic", generator, TwoJudges())
    turn.on("back").fake, turn.fake
    assert seen == [1]


# Gradients of the scores' own forward.


class Squared(Loss):
    """R1 and R2 by what the turn gives."""

    def __init__(self, *places) -> None:
        super().__init__()
        self.gradients = frozenset(places)

    def critic_terms(self, turn):
        return {place: getattr(turn, f"{place}_gradients").square().sum(1).mean() for place in sorted(self.gradients)}


class Curved(Judge):
    """Scores whose gradient depends on the sample."""

    def forward(self, sample: Tensor):
        self.calls += 1
        return {"score": self.body(sample.square())[:, 0]}


@pytest.mark.parametrize(("places", "forwards"), [((), 1), (("real",), 2), (("fake",), 2), (("real", "fake"), 1)])
def test_a_penalty_on_gradients_adds_no_forward_of_the_critic(places, forwards):
    """One side alone is judged apart (two forwards of half the samples); both, in the one forward that there is anyhow."""
    turn = turn_of("critic", critic=Curved(), views=[Compares(), Squared(*places)])
    terms = merge_terms({"compares": Compares(), "squared": Squared(*places)}, turn)
    assert turn.critic.calls == forwards
    weight = turn.critic.body.weight
    for place in places:
        wanted = (2 * getattr(turn, place)["sample"] * weight).square().sum(1).mean()
        assert torch.allclose(terms[place], wanted)
    sum(terms.values()).backward()
    assert weight.grad is not None


class Compares(Gap):
    def critic_terms(self, turn):
        real, fake = turn.both_scores
        return {"adversarial": fake["score"].mean() - real["score"].mean()}


def test_gradients_that_are_not_declared_are_refused_after_the_scores():
    turn = turn_of("critic")
    turn.real_scores
    refused(lambda: turn.real_gradients, "real_gradients", "gradients = frozenset({'real'})")
    assert turn_of("critic").fake_gradients.shape == (N, 2)


def test_gradients_are_the_critics_turns_alone():
    refused(lambda: turn_of("generator").real_gradients, "generator's turn")


def test_gradients_along_a_route_are_by_the_field_that_is_compared_there():
    turn = two_way().on("back")
    assert torch.equal(turn.real_gradients, turn.critic.of_source.weight.expand(N, 3))


def test_a_patch_critics_gradients_are_those_of_the_mean_of_a_samples_scores():
    class Patches(Judge):
        def forward(self, sample: Tensor):
            return {"score": sample[:, :, None].expand(-1, -1, 3)}

    assert torch.allclose(turn_of("critic", critic=Patches()).real_gradients, torch.full((N, 2), 0.5))


# Norms and statistics, and truncation.


@pytest.mark.parametrize(("mixes", "refuses"), [(False, False), (True, True), ("norm", True), ("statistic", False)])
def test_a_penalty_refuses_a_norm_over_the_batch_and_takes_a_statistic(mixes, refuses):
    critic = Judge()
    critic.mixes_batch = mixes
    assert has_batch_norm(critic) == refuses
    assert mixes_batch(critic) == bool(mixes)
    assert not judges_each_alone(critic) or not mixes


def test_a_truncated_latent_keeps_what_is_within_and_draws_anew_what_is_not():
    class Noise(Generator):
        latent_dim = 64

    drawn = {**Noise().draw(64), "label": torch.arange(64)}
    cut = Noise().truncated(drawn, 0.5)
    within = drawn["latent"].abs() <= 0.5
    assert torch.equal(cut["latent"][within], drawn["latent"][within])
    assert cut["latent"].abs().max() <= 0.5
    assert cut["latent"].std() > 0.2
    assert cut["label"] is drawn["label"]
    assert Noise().truncated({}, 0.5) == {}
