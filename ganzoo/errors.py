"""Errors, each with the exit code that the command line returns."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class GanzooError(Exception):
    """The run failed for a reason that is not the user's input (divergence, full disk): exit code 3."""

    exit_code = 3


class UserError(GanzooError):
    """The user's input is wrong (config, arguments, plugin, data): exit code 2.

    Args:
        what: what is wrong, in one sentence without a full stop.
        remedy: what to do about it.
        key: the configuration key concerned, dotted (``loss.1.weight``).
        where: ``FILE:LINE``, or what else the reader can find (``-o train.steps=x``).
    """

    exit_code = 2

    def __init__(self, what: str, remedy: str = "", *, key: str = "", where: str = "") -> None:
        super().__init__(what, remedy, key, where)
        self.what, self.remedy, self.key, self.where = what, remedy, key, where

    def __str__(self) -> str:
        message = f"{self.what}; {self.remedy}" if self.remedy else self.what
        line = ": ".join(part for part in (self.where, self.key, message) if part)
        return " ".join(line.split())  # one line, always

    def at(self, where: str, key: str = "") -> UserError:
        """The same error with the place filled in where it had none."""
        return type(self)(self.what, self.remedy, key=self.key or key, where=self.where or where)


class ContractError(UserError):
    """A component breaks the interface it implements (a misnamed field, a score of the wrong shape)."""


class DivergenceError(GanzooError):
    """A loss, gradient or weight is no longer finite."""


def did_you_mean(name: str, known: Iterable[str], *, noun: str = "known") -> str:
    """A remedy for an unknown name: the nearest one, and all there are."""
    names = sorted(set(known))
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    exist = f"{noun}: {', '.join(names)}" if names else f"{noun}: none"
    return f"did you mean '{close[0]}'? ({exist})" if close else exist
