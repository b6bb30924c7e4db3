from ganzoo import DataSpec
from ganzoo.testing import conformance_tests

PAIRS = [DataSpec({"sample": (3, 32, 32), "source": (3, 8, 8)})]

test_conformance = conformance_tests(
    "ganzoo-srgan",
    parameters={"generator srresnet": {"blocks": 1}},
    data={"generator srresnet": PAIRS, "metric super_resolution": PAIRS},
)
