"""How many of the known modes a generator makes: of the 2-D toys, and of stacked MNIST."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from ganzoo.data.toys import Mixture
from ganzoo.errors import UserError
from ganzoo.fields import DataSpec
from ganzoo.params import PositiveInt

from .metric import Metric
from .modes import TOY_SAMPLES, toy_modes
from .networks import shape_text
from .subject import Subject


class Modes(Metric):
    """Modes of a 2-D mixture that are made, and the share of samples within 3 standard deviations of a mode.

    Numbers: ``modes``, those with one such sample at least; ``high_quality``, of the data itself 0.989.

    Args:
        samples: made samples N; published numbers use 2,500.
    """

    paper = "Srivastava et al. 2017, arXiv:1705.07761 (VEEGAN); Lin et al. 2018, arXiv:1712.04086 (PacGAN)"

    def __init__(self, data: DataSpec, *, samples: PositiveInt = TOY_SAMPLES) -> None:
        if data.is_image:
            raise UserError(f"modes are counted of 2-D points, this data is {shape_text(data)}", "use another metric for it")
        self.samples = samples

    def prepare(self, subject: Subject) -> None:
        """Make sure that the modes are known."""
        _mixture(subject)

    def measure(self, subject: Subject) -> Mapping[str, float]:
        """Modes covered and the share of high quality."""
        mixture = _mixture(subject)
        samples = torch.cat([fields["sample"] for fields in subject.generated(self.samples)])
        found = toy_modes(samples, torch.from_numpy(mixture.centres), mixture.sd)
        return {"modes": found.covered, "high_quality": found.high_quality}


def _mixture(subject: Subject) -> Mixture:
    if not isinstance(subject.dataset, Mixture):
        raise UserError(
            f"the data set {type(subject.dataset).__name__} does not say where its modes are", "measure modes of the ring or the grid"
        )
    return subject.dataset
