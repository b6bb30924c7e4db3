import pytest
from ganzoo_layers.sizes import halvings, labelled

from ganzoo import DataSpec, UserError


@pytest.mark.parametrize(
    ("sides", "base", "count"),
    [((32, 32), (4, 4), 3), ((28, 28), (7, 7), 2), ((48, 96), (6, 12), 3), ((256, 256), (4, 4), 6), ((8, 64), (4, 32), 1)],
)
def test_sides_halve_down_to_a_small_map(sides: tuple[int, int], base: tuple[int, int], count: int) -> None:
    assert halvings(DataSpec({"sample": (3, *sides)}), "critic c") == (base, count)


@pytest.mark.parametrize("shape", [(2,), (3, 31, 31), (3, 34, 34), (3, 6, 6), (3, 32, 33)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(UserError, match="critic c serves images whose sides halve"):
        halvings(DataSpec({"sample": shape}), "critic c")


def test_labels_are_needed_where_they_are_asked_for() -> None:
    assert labelled(DataSpec({"sample": (2,), "label": ()}, 3), "critic c") == 3
    with pytest.raises(UserError, match="critic c needs labels"):
        labelled(DataSpec({"sample": (2,)}), "critic c")
