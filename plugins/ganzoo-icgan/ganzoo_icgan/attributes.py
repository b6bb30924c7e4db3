"""Attributes of pictures as numbers: 1 for one that a picture has, -1 for one that it has not.

Legend: N pictures, A attributes, K changes that can be asked for, e attributes of which a picture has exactly one (the class of a digit).

"label" is the change: of the first e attributes, which one it is to be; after them, for each other attribute in turn, not to have
it, and to have it. So K = e + 2 (A - e), and e = 2 A - K.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo import DataSpec, UserError


def exclusive(data: DataSpec, who: str) -> int:
    """The number e of attributes of which a picture has exactly one; they are the first.

    Raises:
        UserError: where the data has no attributes, or its changes are not of this form; it names ``who``.
    """
    form, changes = data.fields.get("attributes", ()), data.classes
    if len(form) != 1 or "label" not in data.fields or not form[0] <= changes <= 2 * form[0] or not data.is_image:
        has = ", ".join(f"{name} {tuple(shape)}" for name, shape in data.fields.items())
        what = f"{who} wants images with 'attributes', and as 'label' which one to change; this data has {has}"
        raise UserError(what, "choose data that gives them: attributed_digits, {name: celeba, attributes: [Smiling, Eyeglasses]}")
    return 2 * form[0] - changes


def changes(attributes: int, exclusive: int) -> Tensor:
    """What each change makes of the attributes, (K, A): 1 or -1, and 0 where they are left as they are."""
    others = attributes - exclusive
    rows = torch.zeros(exclusive + 2 * others, attributes)
    rows[:exclusive, :exclusive] = 2 * torch.eye(exclusive) - 1
    rows[exclusive::2, exclusive:] = -torch.eye(others)
    rows[exclusive + 1 :: 2, exclusive:] = torch.eye(others)
    return rows


def settled(found: Tensor, exclusive: int) -> Tensor:
    """What is found of attributes, (N, A), as 1 or -1: of the first ``exclusive`` the largest is 1, of the others those above 0."""
    signs = torch.where(found > 0, 1.0, -1.0)
    if not exclusive:
        return signs
    first = found[:, :exclusive]
    return torch.cat([torch.where(first == first.amax(dim=1, keepdim=True), 1.0, -1.0), signs[:, exclusive:]], dim=1)
