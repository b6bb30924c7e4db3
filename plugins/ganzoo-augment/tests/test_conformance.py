from ganzoo.testing import XFail, conformance_tests

WHY = "it changes what a critic sees, which the kit's losses alone do not show: tests/test_augment.py does"

test_conformance = conformance_tests(
    "ganzoo-augment", expected=[XFail("loss ada", "effects", WHY), XFail("loss diffaugment", "effects", WHY)]
)
