"""The words of a sweep's file: every key with its type, default and meaning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import MinLen

from ganzoo.config import strict_yaml
from ganzoo.config.loading import check_is_file
from ganzoo.config.overrides import Places
from ganzoo.config.settings import Section
from ganzoo.config.strict_yaml import KeyPath
from ganzoo.config.validation import validated
from ganzoo.config.wording import Words
from ganzoo.errors import UserError
from ganzoo.params import NonNegativeInt, PositiveInt
from ganzoo.plugins.recipes import find_recipe
from ganzoo.registry import Registry

Values = Annotated[list[Any], MinLen(1), Words("a list of one value or more", "write the values in brackets: [1e-4, 2e-4]")]
Range = Annotated[tuple[float, float], Words("a list of two numbers, the lower first")]
WholeRange = Annotated[tuple[int, int], Words("a list of two integers, the lower first")]


class Distribution(Section):
    """What a random setting is drawn from: exactly one of these."""

    uniform: Range | None = None
    """A number between two, each as likely."""
    log_uniform: Range | None = None
    """A number between two above 0, each order of magnitude as likely."""
    integers: WholeRange | None = None
    """An integer from the first to the second, both included."""
    choice: Values | None = None
    """One of a list."""

    @property
    def drawn_from(self) -> list[str]:
        """The keys that are given."""
        return [name for name in type(self).model_fields if getattr(self, name) is not None]


class Best(Section):
    """What the trials are compared by."""

    value: str
    """A metric of the configuration, one of its numbers (modes/high_quality), or a logged value (critic/adversarial)."""
    goal: Literal["min", "max"]
    """Whether less is better, or more."""


class SweepConfig(Section):
    """A sweep, as its YAML file says it."""

    config: str
    """The configuration that every trial starts from: a file, relative to this one, or a plugin's recipe."""
    set: dict[str, Any] = {}
    """Configuration key to value, for every trial."""
    grid: dict[str, Values] = {}
    """Configuration key to values: every combination is tried."""
    settings: list[dict[str, Any]] = []
    """Mappings of configuration key to value that belong together: each is tried with every combination of the grid and every draw."""
    random: dict[str, Distribution] = {}
    """Configuration key to what it is drawn from; goes with draws."""
    draws: PositiveInt | None = None
    """How many random settings are tried, each with every combination of the grid."""
    draw_seed: NonNegativeInt = 0
    """Decides the random settings. More draws keep those that were there."""
    seeds: Annotated[list[NonNegativeInt], MinLen(1)] | None = None
    """Values of train.seed: every setting is trained with each; null: the configuration's own."""
    best: Best | None = None
    """What the trials are compared by; null: they are listed without an order."""


@dataclass(frozen=True)
class SweepFile:
    """A sweep's file, read.

    Args:
        path: the file.
        settings: what it says.
        places: where each value was written.
    """

    path: Path
    settings: SweepConfig
    places: Places

    @property
    def base(self) -> Path:
        """The configuration that every trial starts from: a file, or a recipe that a plugin ships."""
        recipe = find_recipe(self.settings.config, Registry.installed)
        return recipe.path if recipe else self.path.parent / self.settings.config

    def refuse(self, what: str, remedy: str, path: KeyPath) -> UserError:
        """An error at the place of ``path``."""
        return UserError(what, remedy, key=self.places.key(path), where=self.places.where(path))


def read_sweep(path: Path) -> SweepFile:
    """Read a sweep's file.

    Raises:
        UserError: at ``FILE:LINE``, for the first thing wrong in it.
    """
    check_is_file(path)
    document = strict_yaml.read(path)
    if not isinstance(document.value, dict):
        remedy = "write 'config: FILE.yaml' and, under 'grid:', the keys to vary"
        raise UserError("a sweep is a mapping of keys", remedy, where=f"{path}:{document.line(())}")
    places = Places(document)
    file = SweepFile(path, validated(SweepConfig, document.value, places), places)
    _check_keys(file)
    for key, distribution in file.settings.random.items():
        _check_distribution(file, key, distribution)
    if bool(file.settings.random) != (file.settings.draws is not None):
        missing, given = ("draws", "random") if file.settings.random else ("random", "draws")
        raise file.refuse(f"goes with '{missing}', which is not given", f"add '{missing}: ...', or remove '{given}'", (given,))
    return file


def _check_keys(file: SweepFile) -> None:
    """Each key is set in one way only, and the seed by ``seeds``."""
    owners: dict[str, str] = {}
    sections: Mapping[str, Mapping[str, Any]] = {name: getattr(file.settings, name) for name in ("set", "grid", "random")}
    for section, keys in sections.items():
        for key in keys:
            if key in owners:
                raise file.refuse(f"'{key}' stands under '{owners[key]}' already", "remove one of the two", (section, key))
            if key == "train.seed":
                raise file.refuse("the seed is not set here", "write 'seeds: [0, 1, 2]'", (section, key))
            owners[key] = section
    for i, setting in enumerate(file.settings.settings):
        if setting.keys() != file.settings.settings[0].keys():
            raise file.refuse("names other keys than the first", "give every setting the same keys", ("settings", i))
        for key in setting.keys() & {*owners, "train.seed"}:
            remedy = "write 'seeds: [0, 1, 2]'" if key == "train.seed" else "remove one of the two"
            raise file.refuse(f"'{key}' is set elsewhere", remedy, ("settings", i, key))


def _check_distribution(file: SweepFile, key: str, distribution: Distribution) -> None:
    path, names = ("random", key), distribution.drawn_from
    if len(names) != 1:
        what = f"is drawn from {' and '.join(names)} at once" if names else "says nothing to draw from"
        raise file.refuse(what, f"write one of {', '.join(Distribution.model_fields)}", path)
    if names[0] == "choice":
        return
    low, high = getattr(distribution, names[0])
    if low >= high:
        raise file.refuse(f"the lower bound {low} is not below the upper one {high}", "write the lower first", (*path, names[0]))
    if names[0] == "log_uniform" and low <= 0:
        raise file.refuse(f"the lower bound {low} is not above 0", "a logarithm needs it; or draw from uniform", (*path, names[0]))
