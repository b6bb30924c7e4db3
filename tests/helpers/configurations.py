"""Configurations, good and bad, and a registry of components that they name."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from ganzoo.errors import UserError
from ganzoo.params import Fraction, NonNegativeFloat, PositiveInt
from ganzoo.registry import Component, Registry


class Points:
    """Points on a ring.

    Args:
        modes: how many clusters.
        root: where they lie.
    """

    def __init__(self, *, modes: PositiveInt = 8, root: Path = Path("data")) -> None:
        self.modes = modes


class Network:
    """A network.

    Args:
        width: channels.
        norm: which normalisation.
        dropout: share of dropped activations.
        bias: whether layers have one.
        sizes: of hidden layers.
        betas: two numbers.
        scale: a number or a word.
    """

    def __init__(
        self,
        data: object,
        *,
        width: PositiveInt = 64,
        norm: Literal["batch", "layer", "none"] = "batch",
        dropout: Fraction = 0.0,
        bias: bool = True,
        sizes: tuple[PositiveInt, ...] = (128, 256),
        betas: tuple[float, float] = (0.0, 1.0),
        scale: float | Literal["auto"] = "auto",
    ) -> None:
        self.width = width


class Penalty:
    """A penalty with a weight that has no default."""

    def __init__(self, data: object, *, weight: NonNegativeFloat) -> None:
        if weight == 13:
            raise UserError("13 is unlucky", "take 12")


class Adversarial:
    """A loss without parameters."""

    def __init__(self, data: object) -> None: ...


class Alternate:
    """The plain schedule."""

    def __init__(self, data: object, *, critic_updates: PositiveInt = 1) -> None: ...


class Distance:
    """A metric."""

    def __init__(self, data: object, *, samples: PositiveInt = 1000) -> None: ...


class Watcher:
    """An observer."""


class Unusable:
    """Its constructor cannot be called from YAML."""

    def __init__(self, data: object, width: int) -> None: ...


def make_registry() -> Registry:
    registry = Registry([])
    registry.components = [
        Component("dataset", "ring", Points, "ganzoo-core", "0.1"),
        Component("generator", "mlp", Network, "ganzoo-vanilla", "1.0"),
        Component("generator", "net", Network, "ganzoo-one", "1.0"),
        Component("generator", "net", Network, "ganzoo-two", "2.0"),
        Component("generator", "gone", "no_such_module_here:Class", "ganzoo-gone", "1.0"),
        Component("generator", "unusable", Unusable, "ganzoo-gone", "1.0"),
        Component("critic", "mlp", Network, "ganzoo-vanilla", "1.0"),
        Component("loss", "hinge", Adversarial, "ganzoo-vanilla", "1.0"),
        Component("loss", "penalty", Penalty, "ganzoo-penalty", "3.1"),
        Component("schedule", "alternate", Alternate, "ganzoo-core", "0.1"),
        *(
            Component("optimizer", name.lower(), f"ganzoo.builtins.optimizers:{name}", "ganzoo-core", "0.1")
            for name in ("Adam", "RMSprop", "SGD")
        ),
        Component("metric", "distance", Distance, "ganzoo-core", "0.1"),
        Component("observer", "watcher", Watcher, "ganzoo-core", "0.1"),
    ]
    return registry


REGISTRY = make_registry()
GOOD = """\
data: ring
generator: {name: mlp, width: 32}
critic:
  name: mlp
  norm: none
loss: [hinge, {name: penalty, weight: 10}]
optimizer:
  critic: {name: adam, lr: 1e-4, betas: [0, 0.9]}
train: {steps: 5, ema: 0.99, matmul: high}
metrics: [{name: distance, every: 100, samples: 50}]
observers: [watcher]
"""
MINIMAL = "data: ring\ngenerator: mlp\ncritic: mlp\nloss: hinge\n"


LR = MINIMAL + "optimizer:\n  critic:\n    name: adam\n    lr: %s"


# text, line, key, fragment of the message: what is wrong and what to do.
BAD = {
    "empty": ("", 1, "", "needs data, generator"),
    "a list": ("- data", 1, "", "expects a mapping"),
    "no space after the colon": ("data:ring", 1, "", "space after the colon"),
    "no data": ("generator: mlp\ncritic: mlp\nloss: hinge", 1, "data", "ganzoo list --kind dataset"),
    "no loss": ("data: ring\ngenerator: mlp\ncritic: mlp", 1, "loss", "is missing"),
    "misspelt section": (MINIMAL + "trian: {steps: 5}", 5, "trian", "did you mean 'train'?"),
    "misspelt required key": (MINIMAL.replace("critic", "critc"), 3, "critc", "did you mean 'critic'?"),
    "unknown key": (MINIMAL + "zzz: 1", 5, "zzz", "keys: checkpoint, critic, data"),
    "key of a section": (MINIMAL + "steps: 5", 5, "steps", "train: {steps: ...}"),
    "misspelt key of a section": (MINIMAL + "train:\n  seed: 1\n  stepz: 5", 7, "train.stepz", "did you mean 'steps'?"),
    "glued key": (MINIMAL + "train: {steps:5}", 5, "train.steps:5", "steps: 5"),
    "a word for an integer": (MINIMAL + "train: {steps: ten}", 5, "train.steps", "expects an integer > 0, found the string 'ten'"),
    "a quoted integer": (MINIMAL + "train: {steps: '5'}", 5, "train.steps", "write 5 without quotes"),
    "digits in groups": (MINIMAL + "train: {steps: 10_000}", 5, "train.steps", "write 10000"),
    "a float for an integer": (MINIMAL + "train: {steps: 1e5}", 5, "train.steps", "write 100000"),
    "true for an integer": (MINIMAL + "train: {steps: true}", 5, "train.steps", "found true"),
    "too small": (MINIMAL + "train: {steps: 0}", 5, "train.steps", "an integer > 0, found 0"),
    "negative seed": (MINIMAL + "train: {seed: -1}", 5, "train.seed", ">= 0"),
    "nan": (MINIMAL + "train: {ema: .nan}", 5, "train.ema", "not finite"),
    "overflow": (MINIMAL + "train: {ema: 1e999}", 5, "train.ema", "not finite"),
    "an average with a misspelt key": (MINIMAL + "train: {ema: {half_live: 5}}", 5, "train.ema.half_live", "did you mean 'half_life'?"),
    "an average that forgets backwards": (MINIMAL + "train: {ema: {half_life: -5}}", 5, "train.ema.half_life", "a number > 0, or a curve"),
    "an average in words": (MINIMAL + "train: {ema: slow}", 5, "train.ema", ">= 0 and < 1, or a mapping, or null"),
    "ema of one": (MINIMAL + "train: {ema: 1}", 5, "train.ema", ">= 0 and < 1, or a mapping, or null"),
    "unknown precision": (MINIMAL + "train: {precision: fp16}", 5, "train.precision", "auto, fp32 or bf16"),
    "misspelt choice": (MINIMAL + "train: {matmul: hihg}", 5, "train.matmul", "did you mean 'high'?"),
    "unknown device": (MINIMAL + "train: {device: gpu}", 5, "train.device", "cuda:N"),
    "a device with a tail": (MINIMAL + "train: {device: 'cuda:1 '}", 5, "train.device", "cuda:N"),
    "section without keys": (MINIMAL + "train:", 5, "train", "its keys: steps"),
    "section as a word": (MINIMAL + "optimizer: adam", 5, "optimizer", "its keys: generator, critic"),
    "section as a list": (MINIMAL + "log: [50]", 5, "log", "found the list [50]"),
    "empty loss": (MINIMAL.replace("hinge", "[]"), 4, "loss", "found an empty list"),
    "a number for a part": (MINIMAL.replace("ring", "5"), 1, "data", "the name of a dataset"),
    "a part without a name": (MINIMAL.replace("ring", "{modes: 5}"), 1, "data.name", "is missing"),
    "a part with a misspelt name key": (MINIMAL.replace("hinge", "[{nmae: hinge}]"), 4, "loss.0.name", "write 'name' for 'nmae'"),
    "a number for a name": (MINIMAL.replace("ring", "{name: 5}"), 1, "data.name", 'write "5" in quotes'),
    "metrics as a name": (MINIMAL + "metrics: distance", 5, "metrics", "in brackets"),
    "metric every 0": (MINIMAL + "metrics:\n- name: distance\n  every: 0", 7, "metrics.0.every", "an integer > 0, or null"),
    "init as a list": (MINIMAL + "init: [a]", 5, "init", "expects a mapping"),
    "init to a number": (MINIMAL + "init: {generator: 5}", 5, "init.generator", 'write "5"'),
    "duplicate key": (MINIMAL + "data: ring", 5, "data", "first on line 1"),
    "alias": (MINIMAL + "x: *y", 5, "x", "alias"),
    "tag": (MINIMAL + "x: !!python/name:os.system", 5, "x", "tag"),
    "merge": (MINIMAL + "train: {<<: {}}", 5, "train", "merge key"),
    "unclosed": (MINIMAL + "train: {", 5, "", "never closed"),
    # What only the registry and the component's class can tell.
    "unknown component": (MINIMAL.replace("critic: mlp", "critic: mpl"), 3, "critic", "did you mean 'mlp'?"),
    "component of another kind": (MINIMAL.replace("hinge", "mlp"), 4, "loss", "installed: hinge, penalty"),
    "ambiguous component": (MINIMAL.replace("generator: mlp", "generator: net"), 2, "generator", "ganzoo-one/net' or 'ganzoo-two/net"),
    "component that cannot be imported": (
        MINIMAL.replace("generator: mlp", "generator: gone"),
        2,
        "generator",
        "repair or uninstall ganzoo-gone",
    ),
    "component with a bad constructor": (MINIMAL.replace("generator: mlp", "generator: unusable"), 2, "generator", "keyword-only"),
    "misspelt parameter": (MINIMAL.replace("critic: mlp", "critic:\n  name: mlp\n  widht: 3"), 5, "critic.widht", "did you mean 'width'?"),
    "parameter of a part without any": (MINIMAL.replace("hinge", "{name: hinge, a: 1}"), 4, "loss.a", "parameters: none"),
    "missing parameter": (MINIMAL.replace("hinge", "[hinge, penalty]"), 4, "loss.1.weight", "add 'weight: ...', a number >= 0"),
    "true for a number": (MINIMAL.replace("hinge", "{name: penalty, weight: true}"), 4, "loss.weight", "a number >= 0, found true"),
    "nan for a number": (MINIMAL.replace("hinge", "{name: penalty, weight: .nan}"), 4, "loss.weight", "not finite"),
    "yes for true": (MINIMAL.replace("critic: mlp", "critic: {name: mlp, bias: yes}"), 3, "critic.bias", "write true"),
    "one for true": (MINIMAL.replace("critic: mlp", "critic: {name: mlp, bias: 1}"), 3, "critic.bias", "true or false, found 1"),
    "unknown choice": (MINIMAL.replace("critic: mlp", "critic: {name: mlp, norm: bacth}"), 3, "critic.norm", "did you mean 'batch'?"),
    "too few numbers": (MINIMAL.replace("critic: mlp", "critic: {name: mlp, betas: [1]}"), 3, "critic.betas", "a list of 2, each a number"),
    "too many numbers": (MINIMAL.replace("critic: mlp", "critic: {name: mlp, betas: [1, 2, 3]}"), 3, "critic.betas", "a list of 2"),
    "a word in a list": (
        MINIMAL.replace("critic: mlp", "critic: {name: mlp, betas: [1, a]}"),
        3,
        "critic.betas.1",
        "a number, found the string 'a'",
    ),
    "a number for a list": (
        MINIMAL.replace("critic: mlp", "critic: {name: mlp, sizes: 3}"),
        3,
        "critic.sizes",
        "in brackets; the default is [128, 256]",
    ),
    "neither of two types": (MINIMAL.replace("critic: mlp", "critic: {name: mlp, scale: big}"), 3, "critic.scale", "a number, or auto"),
    "unknown optimizer": (MINIMAL + "optimizer: {critic: adma}", 5, "optimizer.critic", "did you mean 'adam'?"),
    "optimizer parameter": (MINIMAL + "optimizer: {critic: {name: sgd, beta: 1}}", 5, "optimizer.critic.beta", "parameters: lr, momentum"),
    "learning rate of zero": (MINIMAL + "optimizer: {critic: {name: adam, lr: 0}}", 5, "optimizer.critic.lr", "a number > 0"),
    "beta of one": (
        MINIMAL + "optimizer: {critic: {name: adam, betas: [0.5, 1]}}",
        5,
        "optimizer.critic.betas.1",
        "< 1, or a curve, found 1; the default is 0.999",
    ),
    "unknown curve": (LR % "{from: 1, to: 0, curve: cosin}", 8, "optimizer.critic.lr.curve", "did you mean 'cosine'?"),
    "misspelt key of a curve": (LR % "{from: 1, too: 0}", 8, "optimizer.critic.lr.too", "did you mean 'to'?"),
    "half a curve": (LR % "{from: 1}", 8, "optimizer.critic.lr.to", "add 'to: ...', a number >= 0"),
    "a curve to a negative rate": (LR % "{from: 1, to: -1}", 8, "optimizer.critic.lr.to", "a number >= 0, found -1"),
    "a curve that starts after its end": (
        LR % "{from: 1, to: 0, start: 0.6, end: 0.5}",
        8,
        "optimizer.critic.lr",
        "'start' be at most 'end'",
    ),
    "a curve past the run": (LR % "{from: 1, to: 0, end: 1.5}", 8, "optimizer.critic.lr.end", ">= 0 and <= 1, found 1.5"),
    "an exponential curve to 0": (LR % "{from: 1, to: 0, curve: exponential}", 8, "optimizer.critic.lr", "a small number above 0"),
    "no curves": (LR % "[]", 8, "optimizer.critic.lr", "an empty list is not a curve"),
    "curves out of order": (LR % "[{from: 1, to: 0, start: 0.5}, {from: 1, to: 0}]", 8, "optimizer.critic.lr", "sort them by 'start'"),
    "a word in a list of curves": (LR % "[{from: 1, to: 0, start: x}]", 8, "optimizer.critic.lr.0.start", "found the string 'x'"),
    "a number in a list of curves": (LR % "[1, 2]", 8, "optimizer.critic.lr.0", "a mapping"),
    "not a number in a curve": (LR % "{from: .nan, to: 0}", 8, "optimizer.critic.lr.from", "not finite"),
    "a curve to a beta of one": (
        MINIMAL + "optimizer: {critic: {name: adam, betas: [0.5, {from: 0.9, to: 1}]}}",
        5,
        "optimizer.critic.betas.1.to",
        "a number >= 0 and < 1, found 1",
    ),
    "a curve of a parameter that takes none": (LR % "1\n    eps: {from: 1, to: 2}", 9, "optimizer.critic.eps", "found a mapping"),
    "a group's negative rate": (LR % "1\n    groups: {body: {lr: -1}}", 9, "optimizer.critic.groups.body.lr", "a number > 0, or a curve"),
    "a group's unknown parameter": (LR % "1\n    groups: {body: {rate: 1}}", 9, "optimizer.critic.groups.body.rate", "no such parameter"),
    "a group without parameters": (LR % "1\n    groups: {body: 1}", 9, "optimizer.critic.groups", "write {SUB-MODULE"),
    "a schedule of the first version": (
        MINIMAL + "schedule: {name: alternate, decay_from: 0.5}",
        5,
        "schedule.decay_from",
        "{lr: {from: LR, to: 0, start: 0.5}}; to resume a run",
    ),
    "nesterov without momentum": (
        MINIMAL + "optimizer:\n  critic:\n    name: sgd\n    nesterov: true",
        8,
        "optimizer.critic.nesterov",
        "momentum",
    ),
    "the same loss twice": (MINIMAL.replace("hinge", "[hinge, hinge]"), 4, "loss.1", "repeats loss.0"),
    "first of two errors": ("data: ring\ngenerator: 5\ncritic: 6\nloss: hinge", 2, "generator", "found 5"),
}
