from ganzoo import DataSpec
from ganzoo.testing import conformance_tests

NETWORKS = [f"{kind} {name}" for kind in ("generator", "critic") for name in ("biggan", "biggan_deep")]
DATA = [DataSpec({"sample": shape, "label": ()}, classes=10) for shape in ((1, 8, 12), (3, 16, 16))]
"""Images that halve once and twice: every size halves the same blocks, whose number is what takes the time."""

test_conformance = conformance_tests("ganzoo-biggan", data=dict.fromkeys(NETWORKS, DATA))
