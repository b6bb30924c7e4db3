from ganzoo.testing import conformance_tests

SMALL = {"label_units": 8, "joint_units": 16}

test_conformance = conformance_tests(
    "ganzoo-cgan",
    parameters={"generator cgan_mlp": {"latent_units": 16, **SMALL}, "critic cgan_mlp": {"sample_units": 16, **SMALL}},
)
