"""What a progress line says of a training."""

from ganzoo.ui.health import describe

VALUES = {
    "critic/adversarial": 1.1,
    "critic/gradient_penalty": 0.0234,
    "critic/real_score": 0.912,
    "critic/fake_score": -0.4,
    "critic/wasserstein_estimate": 1234.5,
    "critic/gradient_norm": 0.71,
    "generator/adversarial": 0.8,
    "generator/gradient_norm": 0.2,
    "images_per_second": 2100.4,
}


def test_speed_terms_estimates_and_the_critics_health_are_shown():
    assert describe(VALUES) == (
        "2100 images/s  critic 1.1, gradient_penalty 0.0234, wasserstein_estimate 1234  generator 0.8"
        "  scores 0.912 real, -0.4 fake  gradients 0.71, 0.2"
    )


def test_what_is_wrong_comes_first():
    assert describe(VALUES, "generator gets no gradient").startswith("generator gets no gradient!  2100 images/s  ")


def test_what_was_not_logged_is_not_shown():
    assert describe({}) == ""
    assert (
        describe({"generator/l1": 2.0, "critic/gradient_norm": 1e-9, "images_per_second": 3.0})
        == "3 images/s  generator l1 2  gradients 1e-09"
    )


def test_large_numbers_are_readable():
    assert describe({"critic/adversarial": -123456.7}) == "critic -123457"
    assert describe({"critic/adversarial": 1.5e9}) == "critic 1.5e+09"
    assert describe({"critic/adversarial": float("nan")}) == "critic nan"
