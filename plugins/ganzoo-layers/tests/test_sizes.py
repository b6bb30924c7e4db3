import pytest
from ganzoo_layers.sizes import halvings, labelled, nearest

from ganzoo import DataSpec, UserError


def test_labels_are_needed_where_they_are_asked_for() -> None:
    assert labelled(DataSpec({"sample": (2,), "label": ()}, 3), "critic c") == 3
    with pytest.raises(UserError, match="critic c needs labels"):
        labelled(DataSpec({"sample": (2,)}), "critic c")


@pytest.mark.parametrize(
    ("shape", "base", "times"), [((28, 28), (7, 7), 2), ((192, 192), (6, 6), 5), ((64, 128), (4, 8), 4), ((40, 16), (10, 4), 2)]
)
def test_the_smaller_side_halves_to_four_to_seven_pixels(shape, base, times):
    assert halvings(DataSpec({"sample": (3, *shape)}), "critic x") == (base, times)


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        (
            (3, 100, 100),
            "halves images 4 times, which does not come out even for samples of the shape (3, 100, 100); make them 96 x 96 or 112 x 112",
        ),
        ((3, 60, 100), "make them 56 x 96 or 64 x 112"),
        ((3, 100, 60), "make them 96 x 56 or 112 x 64"),
        ((3, 8, 64), "at least 16 pixels a side"),
        ((2,), "critic x serves images"),
    ],
)
def test_other_sizes_are_refused_with_the_nearest_that_do(shape, said):
    with pytest.raises(UserError) as refusal:
        halvings(DataSpec({"sample": shape}), "critic x")
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    ("edges", "multiple", "least", "said"),
    [((33, 64), 4, 0, "32 x 64 or 36 x 64"), ((5, 9), 4, 16, "16 x 16"), ((3, 50, 50), 16, 0, "48 x 48 or 64 x 64")],
)
def test_the_nearest_multiples_are_named(edges, multiple, least, said) -> None:
    assert nearest(edges, multiple, least) == said
