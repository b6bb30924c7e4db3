"""Metrics with one fault each. ``caught_by`` names the check that must see it, and no other may."""

import numpy as np
import torch

from ganzoo import DataSpec, PositiveInt
from ganzoo.metrics.metric import Metric, SharedMetric


class Sound(Metric):
    """Mean of the made samples less that of the real ones; nothing is wrong with it.

    Args:
        samples: made samples.
    """

    caught_by = ""

    def __init__(self, data: DataSpec, *, samples: PositiveInt = 10_000):
        self.samples = samples

    def measure(self, subject):
        made = torch.cat([fields["sample"] for fields in subject.generated(self.samples)])
        real = torch.cat([fields["sample"] for fields in subject.real(self.samples)])
        return {"gap": float(made.mean() - real.mean())}


class Undefined(Sound):
    """Divides by nothing."""

    caught_by = "numbers"

    def measure(self, subject):
        return {"gap": float("nan")}


class Random(Sound):
    """Takes another part of the samples each time."""

    caught_by = "numbers"

    def measure(self, subject):
        return {"gap": super().measure(subject)["gap"] + float(np.random.default_rng().normal())}


class Halved(SharedMetric):
    """Takes the first process's share for all.

    Args:
        samples: made samples.
    """

    caught_by = "numbers"

    def __init__(self, data: DataSpec, *, samples: PositiveInt = 1000):
        self.samples = samples

    def collect(self, subject):
        return {"made": torch.cat([fields["sample"] for fields in subject.generated(self.samples)])}

    def compute(self, subject, collected):
        return {"mean": float(collected[0]["made"].mean())}


class Numpy(Halved):
    """Collects what processes cannot tell each other.

    Args:
        samples: made samples.
    """

    def collect(self, subject):
        return {"made": super().collect(subject)["made"].numpy()}

    def compute(self, subject, collected):
        return {"mean": float(np.concatenate([share["made"] for share in collected]).mean())}


class Again(Halved):
    """Takes made samples when all were to be collected.

    Args:
        samples: made samples.
    """

    def compute(self, subject, collected):
        return {"mean": float(torch.cat([fields["sample"] for fields in subject.generated(self.samples)]).mean())}


class Wordless(Sound):
    """Its provenance cannot be written down."""

    caught_by = "numbers"

    def provenance(self):
        return {"network": torch.nn.Identity()}


class Foreign:
    """Has the methods of a metric and is none."""

    caught_by = "loads"

    def __init__(self, data: DataSpec):
        pass
