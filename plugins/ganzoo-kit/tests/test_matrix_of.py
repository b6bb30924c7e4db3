"""``ganzoo matrix --of NAME``: the rows of one component, the same as among all of them."""

import pytest
from ganzoo_kit import crossing
from ganzoo_kit.crossing import cross

from ganzoo.errors import UserError
from ganzoo.fields import DataSpec
from ganzoo.registry import Registry
from ganzoo.ui.progress import reporter

POINTS = DataSpec({"sample": (2,)})
KEPT = {"mlp", "feature_mlp", "non_saturating", "hinge", "r1", "r2", "alternate"}


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = crossing.default_parts
    monkeypatch.setattr(crossing, "default_parts", lambda registry, kind: [p for p in whole(registry, kind) if p.name in KEPT])


@pytest.mark.parametrize("name", ["hinge", "r2", "feature_mlp", "mlp", "alternate"])
def test_the_rows_of_a_component_are_those_among_all(name: str) -> None:
    registry, quiet = Registry.installed(), reporter(quiet=True)
    rows = cross(registry, POINTS, quiet)
    own = cross(registry, POINTS, quiet, name)
    assert own == [row for row in rows if name in {row.generator, row.critic, row.schedule, *row.losses}]
    assert 0 < len(own) <= len(rows)


def test_an_unknown_component_is_refused_with_a_suggestion() -> None:
    with pytest.raises(UserError, match="'hige' takes part") as raised:
        cross(Registry.installed(), POINTS, reporter(quiet=True), "hige")
    assert "hinge" in str(raised.value)
