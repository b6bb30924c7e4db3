"""Named tensors of a batch, the spec of the data, and how a component asks for a field: by naming it.

Legend of shapes: N samples, C channels, H rows, W columns, K classes, L latent_dim.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from .errors import ContractError

if TYPE_CHECKING:
    from torch import Tensor

    Fields: TypeAlias = dict[str, Tensor]
    Scores: TypeAlias = dict[str, Tensor]
    Terms: TypeAlias = dict[str, Tensor]
else:
    Fields = Scores = Terms = dict
"""``Fields``: "sample" (N, *shape), an image is float (N, C, H, W) in [-1, 1]; "label" (N,) int64; "latent" (N, L).
``Scores``: "score" (N, *) raw, never a sigmoid; "label_logits" (N, K). ``Terms``: weighted scalars, summed and minimised."""


@dataclass(frozen=True)
class DataSpec:
    """The specification of a run's data: the first argument of every component's constructor.

    Args:
        fields: field name -> shape of one sample, without N; ``{"sample": (1, 28, 28), "label": ()}``.
        classes: number of classes K of "label"; 0 where the data has no labels.
        scale: one unit of "sample" in the data's own units (toys are trained at unit variance; images: 1).
        class_maps: fields whose values are numbers of classes, a segmentation for instance: int64, never scaled.
        independent: fields that are not paired with "sample": a row of one does not belong to a row of the other.
        focus: the field whose shape ``shape`` is; of a loss that is sent along a route, the field that is compared there.
    """

    fields: Mapping[str, tuple[int, ...]]
    classes: int = 0
    scale: float = 1.0
    class_maps: tuple[str, ...] = ()
    focus: str = "sample"
    independent: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one sample: (C, H, W) for images, (2,) for points."""
        return self.fields[self.focus]

    @property
    def is_image(self) -> bool:
        """Whether a sample is an image (C, H, W)."""
        return len(self.shape) == 3

    def to_json(self) -> dict[str, Any]:
        """As plain values, for the run directory."""
        plain = {"fields": {k: list(v) for k, v in self.fields.items()}, "classes": self.classes, "scale": float(self.scale)}
        more = {"class_maps": list(self.class_maps), "independent": list(self.independent)}
        return plain | {name: names for name, names in more.items() if names}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> DataSpec:
        """What ``to_json`` wrote."""
        fields = {str(name): tuple(int(n) for n in shape) for name, shape in value["fields"].items()}
        maps, independent = (tuple(map(str, value.get(name, ()))) for name in ("class_maps", "independent"))
        return cls(fields, int(value["classes"]), float(value["scale"]), maps, independent=independent)


_NAMED: dict[tuple[type, str], tuple[str, ...]] = {}
"""What ``forward_inputs`` found, as it is asked at every forward."""


def forward_inputs(cls: type, method: str = "forward") -> tuple[str, ...]:
    """The fields that ``cls.forward`` (or another ``method``, a route) asks for, in order.

    Raises:
        ContractError: for ``*args``, ``**kwargs``, positional-only arguments and arguments with a default (a
            ``label=None`` would make a silently unconditional network).
    """
    if (cls, method) in _NAMED:
        return _NAMED[cls, method]
    names = []
    for name, parameter in list(inspect.signature(getattr(cls, method)).parameters.items())[1:]:
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise ContractError(f"{cls.__name__}.{method} takes '{parameter}'", "name each field it needs as an argument of its own")
        if parameter.default is not parameter.empty:
            what = f"{cls.__name__}.{method} gives '{name}' a default, so a missing field would go unnoticed"
            raise ContractError(what, "remove the default")
        names.append(name)
    _NAMED[cls, method] = tuple(names)
    return _NAMED[cls, method]


def select(names: tuple[str, ...], fields: Mapping[str, Any], who: str) -> dict[str, Any]:
    """The fields called ``names``; ``who`` asks.

    Raises:
        ContractError: where one is missing, naming those that exist.
    """
    try:
        return {name: fields[name] for name in names}
    except KeyError as error:
        missing = error.args[0]
        what = f"{who} asks for the field '{missing}', which neither the data nor the generator gives"
        raise ContractError(what, f"fields here: {', '.join(sorted(fields))}") from None
