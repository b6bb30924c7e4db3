import pytest
from ganzoo_layers.sizes import labelled

from ganzoo import DataSpec, UserError


def test_labels_are_needed_where_they_are_asked_for() -> None:
    assert labelled(DataSpec({"sample": (2,), "label": ()}, 3), "critic c") == 3
    with pytest.raises(UserError, match="critic c needs labels"):
        labelled(DataSpec({"sample": (2,)}), "critic c")
