"""The classes of labelled data, as networks ask for them."""

from __future__ import annotations

from ganzoo import DataSpec, UserError


def labelled(data: DataSpec, who: str) -> int:
    """The number of classes.

    Raises:
        UserError: where ``data`` has no labels; it names ``who``.
    """
    if "label" not in data.fields or data.classes < 1:
        raise UserError(f"{who} needs labels, which this data lacks", "choose labelled data, or networks without labels")
    return data.classes
