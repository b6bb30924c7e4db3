from ganzoo import DataSpec
from ganzoo.testing import conformance_tests

HOLED = [DataSpec({"sample": (3, 32, 32), "source": (3, 32, 32), "mask": (1, 32, 32)})]

test_conformance = conformance_tests(
    "ganzoo-context-encoder",
    parameters={"generator context_encoder": {"bottleneck": 16}},
    data=dict.fromkeys(("generator context_encoder", "loss reconstruction", "metric inpainting"), HOLED),
)
