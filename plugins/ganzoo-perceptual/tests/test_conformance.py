from ganzoo import DataSpec
from ganzoo.testing import conformance_tests

test_conformance = conformance_tests(
    "ganzoo-perceptual",
    parameters={"loss perceptual": {"network": "digits", "scale": 1.0}},
    data={"loss perceptual": [DataSpec({"sample": (1, 28, 28)})]},
)
