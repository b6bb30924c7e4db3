"""Routes: further forwards of a player, what a turn makes of them, and what is refused."""

import pytest
import torch
from torch import Tensor, nn
from turn_players import DATA, Gap, TwoJudges, TwoWay, batch, turn_of, two_way

from ganzoo.compat import Players, distinct, focused
from ganzoo.compat.declared import static_notes
from ganzoo.players import Generator
from ganzoo.rules import Loss, Plan, merge_terms

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
