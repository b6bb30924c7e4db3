"""How an update's code is run: as it is, or recorded once for each kind of update and replayed from static buffers.

On a GPU the several hundred small kernels of an update take longer to launch than to run. Recorded as a CUDA graph they
are launched as one. A replay repeats what the device did, at the same addresses, and none of the Python in between; so
batches are copied into buffers that stay, and what may change between replays has to be a tensor that is changed in place.
What an update told the host when it was recorded, a replay tells it again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import torch
from torch import Tensor, nn

from ganzoo.fields import Fields
from ganzoo.turn import Side

Judged: TypeAlias = tuple[Side, ...]
"""The sides whose updates the guard judged, in order."""
Update: TypeAlias = Callable[[], Judged]
Say: TypeAlias = Callable[[str], None]

WARM_UP = 3
"""Updates of each kind that run as they are before it is recorded: libraries choose their algorithms and allocate in them."""
MOST = 32
"""Kinds of update that are recorded: a schedule with ever new values would fill the memory with graphs."""


class Phases(Protocol):
    """Runs updates."""

    waits: bool
    """Whether nothing may look at a tensor's value between two reads of the meter."""

    def hold(self, fields: Fields) -> Fields:
        """``fields`` where updates are to find them."""

    def play(self, kind: Hashable, update: Update) -> Judged:
        """Do ``update``; all updates of one ``kind`` do the same to the same tensors."""


class Eager:
    """Runs each update as it is."""

    waits = False

    def hold(self, fields: Fields) -> Fields:
        """The same fields."""
        return fields

    def play(self, kind: Hashable, update: Update) -> Judged:
        """Call it."""
        return update()


class Recorder(Protocol):
    """Records an update. ``engine.graphs`` does it with CUDA graphs, tests by keeping the function."""

    def warm_up(self, update: Update) -> tuple[Judged, str]:
        """Do ``update`` where recordings are made.

        Returns:
            What it returned; and what in it cannot be recorded, or "".
        """

    def record(self, update: Update) -> Update:
        """What repeats ``update``, which is not done here, and returns what it returned.

        Raises:
            RuntimeError: where it cannot be recorded.
        """


class Recorded:
    """Runs the first updates of a kind as they are, then records one and replays it ever after.

    A kind of update that cannot be recorded goes on as it is, and ``say`` is told why, once. Where an update moves what others
    have recorded, all do.

    Args:
        recorder: how updates are recorded.
        modules: networks and losses, whose state has to stay where it is.
        say: takes a note.
    """

    waits = True

    def __init__(self, recorder: Recorder, modules: Sequence[nn.Module], say: Say) -> None:
        self.recorder, self.modules, self.say = recorder, modules, say
        self.refused: dict[Hashable, str] = {}
        self._gave_up = False
        self._buffers: dict[str, Tensor] = {}
        self._seen: dict[Hashable, int] = {}
        self._replays: dict[Hashable, Update] = {}

    def hold(self, fields: Fields) -> Fields:
        """Copies in buffers that every later batch is copied into; what is no tensor stays as it is."""
        if self._gave_up:
            return fields
        return {name: self._copy(name, value) if isinstance(value, Tensor) else value for name, value in fields.items()}

    def play(self, kind: Hashable, update: Update) -> Judged:
        """Replay it, or get it ready to be."""
        if kind in self._replays:
            return self._replays[kind]()
        if self._gave_up or kind in self.refused or len(self._replays) == MOST:
            return update()
        if self._seen.setdefault(kind, 0) == WARM_UP:
            return self._record(kind, update)
        self._seen[kind] += 1
        before = moving_parts(self.modules)
        judged, reason = self.recorder.warm_up(update)
        # The first update of all makes what later ones find: gradients, caches, the state of the optimizers.
        if self._seen[kind] == WARM_UP:
            changed = changed_parts(before, moving_parts(self.modules))
            if changed:
                self._gave_up = True  # whatever is recorded may read what just moved
                self._replays.clear()
            self._refuse(kind, changed or reason)
        return judged

    def _copy(self, name: str, value: Tensor) -> Tensor:
        if name not in self._buffers:
            self._buffers[name] = torch.empty_like(value)
        return self._buffers[name].copy_(value, non_blocking=True)

    def _record(self, kind: Hashable, update: Update) -> Judged:
        try:
            replay = self._replays[kind] = self.recorder.record(update)
        except RuntimeError as error:
            self._refuse(kind, " ".join(str(error).split())[:200] or type(error).__name__)
            return update()
        if len(self._replays) == MOST:
            self.say(f"note: {MOST} kinds of update are recorded as CUDA graphs; further ones run kernel by kernel, which is slower")
        return replay()

    def _refuse(self, kind: Hashable, reason: str) -> None:
        if reason:
            if reason not in self.refused.values():
                self.say(f"note: updates run kernel by kernel, which is slower than as CUDA graphs, because {reason}")
            self.refused[kind] = reason


def moving_parts(modules: Sequence[nn.Module]) -> dict[str, Any]:
    """What a replay would not repeat, were it to change: plain attributes, and where tensors lie."""
    parts: dict[str, Any] = {}
    for module in modules:
        for path, inner in module.named_modules():
            owner = f"{type(module).__name__}{'.' if path else ''}{path}"
            own = {name: value for name, value in vars(inner).items() if name not in OF_TORCH}
            for name, value in {**own, **inner._buffers, **inner._parameters}.items():
                # A weight that a hook computes from others before each forward lies elsewhere each time, by right.
                if not {f"{name}_orig", f"{name}_g"} & inner._parameters.keys():
                    parts |= traced(f"{owner}.{name}", value)
    return parts


OF_TORCH = vars(nn.Module()).keys() - {"training"}
"""Attributes of every module: tables of parameters, of hooks, of inner modules."""


def traced(name: str, value: Any) -> dict[str, Any]:
    """``value`` and what it holds, tensors as their addresses."""
    if isinstance(value, Tensor):
        return {name: value.data_ptr() if value.grad_fn is None else None}
    if isinstance(value, (bool, int, float, str)):
        return {name: value}
    if isinstance(value, (list, tuple, set, deque, Mapping)):
        found: dict[str, Any] = {name: len(value)}
        for key, item in value.items() if isinstance(value, Mapping) else enumerate(value):
            found |= traced(f"{name}[{key!r}]", item)
        return found
    return {}


def changed_parts(before: dict[str, Any], after: dict[str, Any]) -> str:
    """What an update changed of ``moving_parts``, as a reason; "" for nothing."""
    changed = [name for name in after if name not in before or before[name] != after[name]]
    if not changed:
        return ""
    return f"an update changes {changed[0]} otherwise than in place, which a replay would not repeat"
