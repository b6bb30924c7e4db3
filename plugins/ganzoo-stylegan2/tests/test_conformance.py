from ganzoo.testing import XFail, conformance_tests

# Each mapping layer's weights count a hundredth: behind several that are drawn at random the latent is lost in rounding.
PARAMETERS = {"generator stylegan2": {"mapping_layers": 1}}
WHY = "the moving average of lengths, which weights change, is held fixed as published: tests/test_path_length.py does so, too"

test_conformance = conformance_tests("ganzoo-stylegan2", parameters=PARAMETERS, expected=[XFail("loss path_length", "differences", WHY)])
