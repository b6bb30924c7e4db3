"""A turn that notes what a loss looks up, to compare with what the loss declares."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from ganzoo.fields import Fields, Scores
from ganzoo.turn import Turn


class Recorded(dict[str, Tensor]):
    """Fields or scores that note which of them are looked up."""

    def __init__(self, values: dict[str, Tensor], log: set[str]) -> None:
        super().__init__(values)
        self.log = log

    def __getitem__(self, name: str) -> Tensor:
        self.log.add(name)
        return super().__getitem__(name)

    def __or__(self, other: Any) -> Any:
        return Recorded({**self, **other}, self.log)


class RecordingTurn(Turn):
    """A turn whose fields and scores note what the loss looks up; what the networks look up is not noted."""

    def __init__(self, *arguments: Any, fields_read: set[str], scores_read: set[str], **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.fields_read, self.scores_read = fields_read, scores_read

    @property
    def real(self) -> Fields:
        """As in ``Turn``; what is looked up is noted."""
        return Recorded(super().real, self.fields_read)

    @property
    def fake(self) -> Fields:
        """As in ``Turn``; what is looked up is noted."""
        return Recorded(super().fake, self.fields_read)

    @property
    def real_scores(self) -> Scores:
        """As in ``Turn``; what is looked up is noted."""
        return Recorded(super().real_scores, self.scores_read)

    @property
    def fake_scores(self) -> Scores:
        """As in ``Turn``; what is looked up is noted."""
        return Recorded(super().fake_scores, self.scores_read)

    @property
    def both_scores(self) -> tuple[Scores, Scores]:
        """As in ``Turn``; what is looked up is noted."""
        real, fake = super().both_scores
        return Recorded(real, self.scores_read), Recorded(fake, self.scores_read)

    def make(self, fields: Fields) -> Fields:
        """As in ``Turn``; what the generator looks up is not noted."""
        return super().make({**fields})

    def judge(self, fields: Fields) -> Scores:
        """As in ``Turn``; what the critic looks up is not noted."""
        return Recorded(super().judge({**fields}), self.scores_read)
