from ganzoo import DataSpec
from ganzoo.testing import conformance_tests

CODES = DataSpec({"sample": (2,), "category": (3,), "continuous": (2,)})
"""The loss reads what only a generator draws."""

test_conformance = conformance_tests(
    "ganzoo-infogan",
    data={"loss mutual_information": [CODES]},
)
