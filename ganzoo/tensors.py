"""Named tensors of a minibatch: two batches as one, and what a network returned against what it declares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from .errors import ContractError
from .fields import Fields, Scores


def one_batch(first: Fields, second: Fields) -> Fields | None:
    """``second`` after ``first``: (N, ...) and (M, ...) to (N + M, ...); None where the two do not fit.

    What has no samples (a schedule's value) has to be the very same in both.
    """
    joined: Fields = {}
    for name, value in first.items():
        other = second[name]
        if has_samples(value) and has_samples(other):
            if value.shape[1:] != other.shape[1:] or value.dtype != other.dtype:
                return None
            joined[name] = torch.cat((value, other))
        elif other is value:
            joined[name] = value
        else:
            return None
    # A field of another length is not a field of samples: a table, say.
    return joined if all(len({len(v) for v in fields.values() if has_samples(v)}) == 1 for fields in (first, second)) else None


def has_samples(value: Any) -> bool:
    """Whether it is a tensor of samples (N, ...), and no scalar or plain value."""
    return isinstance(value, Tensor) and value.dim() > 0


def length_of(fields: Fields) -> int:
    """The number N of samples; 0 where there are none."""
    return next((len(value) for value in fields.values() if has_samples(value)), 0)


def halves(scores: Scores, n: int) -> tuple[Scores, Scores]:
    """The scores of the first ``n`` samples, and those of the others."""
    return {name: value[:n] for name, value in scores.items()}, {name: value[n:] for name, value in scores.items()}


def score_gradients(scores: Sequence[Scores], leaves: Sequence[Sequence[Tensor]]) -> list[Tensor]:
    """Gradient of each sample's score by its own values, (N, D) for each of ``leaves``; it can be differentiated again.

    Scores do not depend on each other's samples, so the gradient of their sum holds each one's own.
    """
    total = torch.stack([one_score(each["score"]).sum() for each in scores]).sum()
    found = iter(torch.autograd.grad(total, [leaf for own in leaves for leaf in own], create_graph=True))
    rows = [[next(found).flatten(1) for _ in own] for own in leaves]
    return [own[0] if len(own) == 1 else torch.cat(own, 1) for own in rows]


def one_score(score: Tensor) -> Tensor:
    """One score a sample (N,): of a patch critic (N, h, w) the mean, which is what losses average."""
    return score.flatten(1).mean(dim=1) if score.dim() > 1 else score


def as_float32(value: Tensor) -> Tensor:
    """Half precision to float32; float32, float64 and integers as they are."""
    return value.float() if value.dtype in (torch.bfloat16, torch.float16) else value


def check_given(made: Any, gives: frozenset[str], who: str) -> None:
    """Refuse outputs that are not exactly what is declared: a misnamed field would leave the real one in its place."""
    if not isinstance(made, dict) or made.keys() != gives:
        got = ", ".join(sorted(made)) if isinstance(made, dict) else type(made).__name__
        what = f"{who} returns {got or 'nothing'}, but declares {', '.join(sorted(gives))}"
        raise ContractError(what, "return exactly what `gives` names", key=who.partition(" ")[0])


def check_shapes(made: Fields, data: Fields, who: str) -> None:
    """Raise ContractError where ``who`` made a field of another shape, but for the number of samples, than the data has."""
    for name, value in made.items():
        if name in data and value.shape[1:] != data[name].shape[1:]:
            shapes = f"of shape {tuple(value.shape)}, the data has {tuple(data[name].shape)}"
            raise ContractError(f"{who} makes '{name}' {shapes}", "make both the same", key="generator")


def check_length(scores: Scores, n: int, who: str) -> None:
    """Raise ContractError where ``who`` gave scores that are not one, or a row, for each of ``n`` samples."""
    for name, value in scores.items():
        if value.dim() == 0 or len(value) != n:
            what = f"{who} gives '{name}' of shape {tuple(value.shape)} for {n} samples"
            raise ContractError(what, f"give ({n}, ...)", key="critic")
