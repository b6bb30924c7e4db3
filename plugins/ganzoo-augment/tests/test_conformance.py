from ganzoo.testing import XFail, conformance_tests

WHY = "it changes what a critic sees, which the kit's losses alone do not show: tests/test_augment.py does"

test_conformance = conformance_tests(
    "ganzoo-augment", expected=[XFail(f"loss {name}", "effects", WHY) for name in ("ada", "augment", "diffaugment")]
)
