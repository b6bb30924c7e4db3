import numpy as np
from ganzoo_metrics.mode_coverage import STACKED_NAMES

from ganzoo import Dataset
from ganzoo.data.digits import Digits
from ganzoo.testing import conformance_tests


class Stacked(Dataset):
    """Three of the bundled digits in the channels of an image."""

    classes, class_names = 1000, STACKED_NAMES

    def arrays(self, cache):
        images = Digits().arrays(cache)["sample"][:600]
        return {"sample": images.reshape(-1, 3, *images.shape[2:]), "label": np.zeros(len(images) // 3, np.int64)}


SMALL = {"samples": 200, "real_samples": 200}
PARAMETERS = {
    "metric fid": {"samples": 2049},  # the least that gives 2,048 features a covariance of full rank
    "metric sliced_wasserstein": {"samples": 100, "patches": 16, "directions": 32},
    "metric kid": {**SMALL, "subsets": 4, "subset_size": 50},
    "metric stacked_modes": {"samples": 100},
}
DATA = {"metric stacked_modes": [Stacked()]}

test_conformance = conformance_tests("ganzoo-metrics", parameters=PARAMETERS, data=DATA)
