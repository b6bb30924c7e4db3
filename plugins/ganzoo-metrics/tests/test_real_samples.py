"""Real samples that differ in any field a metric can read are others: in the provenance, and in what is kept of them."""

import numpy as np
import torch

from ganzoo import DataSpec
from ganzoo.data.toys import Ring
from ganzoo.metrics.real import RealSamples
from ganzoo.metrics.statistics import Statistics
from ganzoo.metrics.subject import Subject
from ganzoo.ui.progress import reporter

DATA = DataSpec({"sample": (1, 2, 2), "label": ()}, 3)


def subject(folder, labels):
    arrays = {"sample": np.arange(12, dtype=np.uint8).reshape(3, 1, 2, 2)} | ({} if labels is None else {"label": np.array(labels)})
    real, statistics = RealSamples(DATA, lambda split: arrays), Statistics(folder, reporter(quiet=True))
    own = {"make": lambda n: iter([]), "real": real, "statistics": statistics, "facts": {}}
    return Subject(DATA, Ring(), conditional=False, device=torch.device("cpu"), **own)


def test_other_labels_on_the_same_pixels_are_told_apart(tmp_path):
    kept, facts = [], []
    for labels in ([0, 1, 2], [2, 1, 0], None, [0, 1, 2]):
        made = subject(tmp_path, labels)
        kept.append(made.of_real("labels", lambda fields, labels=labels: {"labels": np.array(labels or [9])})["labels"].tolist())
        facts.append(made.facts)
    assert kept == [[0, 1, 2], [2, 1, 0], [9], [0, 1, 2]]
    assert len({found["real_hash"] for found in facts}) == 1  # that of the pixels alone, as it always was
    assert len({found.get("real_label_hash") for found in facts}) == 3
