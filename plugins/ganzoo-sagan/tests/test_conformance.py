from ganzoo import DataSpec
from ganzoo.testing import conformance_tests

NETWORKS = ("generator sagan", "critic sagan")
SMALL, NARROW = DataSpec({"sample": (3, 16, 16), "label": ()}, classes=3), {"width": 4, "attention": 8}

test_conformance = conformance_tests("ganzoo-sagan", parameters=dict.fromkeys(NETWORKS, NARROW), data={name: [SMALL] for name in NETWORKS})
