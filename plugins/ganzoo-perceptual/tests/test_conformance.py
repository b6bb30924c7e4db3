from ganzoo import DataSpec
from ganzoo.testing import XFail, conformance_tests

test_conformance = conformance_tests(
    "ganzoo-perceptual",
    parameters={"loss perceptual": {"network": "digits", "scale": 1.0}},
    data={"loss perceptual": [DataSpec({"sample": (1, 28, 28)})]},
    expected=[XFail("loss perceptual", "effects", "weights and sha256 are those of a file: test_perceptual.py")],
)
