"""What is refused of routes, and what is not part of them."""

import pytest
import torch
from torch import Tensor, nn
from turn_players import N, TwoJudges, TwoWay, refused, turn_of, two_way

from ganzoo.players import Generator, route


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
