from ganzoo_shapes.pairs import Scene

from ganzoo.testing import XFail, conformance_tests

SURE = XFail("metric shape_and_colour", "effects", "the kit's fakes are real pictures with noise, all of them recognised, however many")

test_conformance = conformance_tests("ganzoo-shapes", data={"metric shape_and_colour": [Scene(count=500)]}, expected=[SURE])
