from ganzoo_shapes.described import Described
from ganzoo_shapes.pairs import Scene

from ganzoo.testing import XFail, conformance_tests

WHY = "the kit's fakes are real pictures with noise, all of them recognised, however many"
SURE = [XFail(f"metric {name}", "effects", WHY) for name in ("shape_and_colour", "as_described")]

DATA = {"metric shape_and_colour": [Scene(count=500)], "metric as_described": [Described(count=500)]}

test_conformance = conformance_tests("ganzoo-shapes", data=DATA, expected=SURE)
