"""``ganzoo matrix --of NAME``: the rows of one component, the same as among all of them."""

import pytest
from ganzoo_kit import crossing
from ganzoo_kit.crossing import cross, default_parts

from ganzoo.errors import UserError
from ganzoo.fields import DataSpec
from ganzoo.registry import Registry
from ganzoo.ui.progress import reporter

POINTS = DataSpec({"sample": (2,)})
KEPT = {"mlp", "feature_mlp", "non_saturating", "hinge", "r1", "r2", "alternate", "pac"}


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = crossing.default_parts
    monkeypatch.setattr(crossing, "default_parts", lambda *args: [p for p in whole(*args) if p.name in KEPT])


@pytest.mark.parametrize("name", ["hinge", "r2", "feature_mlp", "mlp", "alternate", "pac"])
def test_the_rows_of_a_component_are_those_among_all(name: str) -> None:
    registry, quiet = Registry.installed(), reporter(quiet=True)
    rows = cross(registry, POINTS, quiet)
    own = cross(registry, POINTS, quiet, name)
    assert own == [row for row in rows if name in {row.generator, row.critic, row.schedule, *row.losses}]
    assert 0 < len(own) <= len(rows)


def test_a_wrapper_stands_around_the_first_that_it_can_be_built_with_or_says_why_there_is_none() -> None:
    registry, quiet = Registry.installed(), reporter(quiet=True)
    own = cross(registry, POINTS, quiet, "pac")
    assert any(row.fits for row in own)
    assert {row.critic for row in own} == {"pac"}
    (wrapper,) = [part for part in default_parts(registry, "critic", POINTS) if part.name == "pac"]
    assert wrapper.params["critic"].name == "mlp"  # `feature_mlp`, of which it was tried first, gives more than a score
    registry.components = [component for component in registry.components if component.name != "mlp"]
    (row,) = cross(registry, POINTS, quiet, "pac")
    assert "acgan needs labels" in row.reason  # the first of all


def test_an_unknown_component_is_refused_with_a_suggestion() -> None:
    with pytest.raises(UserError, match="'hige' takes part") as raised:
        cross(Registry.installed(), POINTS, reporter(quiet=True), "hige")
    assert "hinge" in str(raised.value)
