"""What is trained, what is measured of it, what must come out, and what others got."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .phases import Numbers, pretrained, stages

CPU_SECONDS = "cpu_seconds"
"""The number that no metric gives: what the training costs."""


@dataclass(frozen=True)
class Bar:
    """What the median over the seeds must reach.

    Args:
        number: a number of the benchmark's metric, or ``CPU_SECONDS``.
        bound: the least or the most that it may be.
        at_least: whether ``bound`` is the least.
        studied: what a study got before ganzoo was written; "" where it has no such number.
    """

    number: str
    bound: float
    at_least: bool
    studied: str = ""

    def met(self, value: float) -> bool:
        """Whether ``value`` is good enough; the bound itself is."""
        return value >= self.bound if self.at_least else value <= self.bound


@dataclass(frozen=True)
class Benchmark:
    """A recipe, and what must come out of it.

    Args:
        metric: the metric that ``ganzoo eval`` is asked for.
        bars: one for each number that counts.
        published: what papers report of this data; "" where nothing can be compared.
        options: of the metric, ``KEY=VALUE`` each.
        also: gives more numbers, of the run's folder and the metric's numbers.
    """

    metric: str
    bars: tuple[Bar, ...]
    published: str = ""
    options: tuple[str, ...] = ()
    also: Callable[[Path, Numbers], Numbers] | None = None


RING = "GAN 6.3 modes, 98% [1] or 1 mode, 99% [2]; VEEGAN 8, 53% [2]; PacGAN4 7.8, 96% [1]"
STACKED = "DCGAN 99 modes, 3.40 nats; VEEGAN 150, 2.95; PacDCGAN 1000, 0.06 [1]"
GRID = "GAN 17.3 modes, 95% [1] or 3.3 modes, 0.5% [2]; VEEGAN 24.6, 40% [2]; PacGAN4 24.8, 94% [1]"


def toy(modes: int, high_quality: float, studied_modes: str, studied_quality: str, published: str) -> Benchmark:
    """A benchmark on 2-D points: modes covered, and the share of samples within 3 standard deviations of one."""
    bars = (Bar("modes", modes, True, studied_modes), Bar("high_quality", high_quality, True, studied_quality))
    return Benchmark("modes", bars, published)


def digits(distance: float, studied: str, *more: Bar) -> Benchmark:
    """A benchmark on MNIST: the distance in the digit classifier's features, reached in 4 CPU minutes of training."""
    return Benchmark("classifier_fid", (Bar("classifier_fid", distance, False, studied), *more, Bar(CPU_SECONDS, 240, False)))


def system(metric: str, *bars: Bar, also: Callable[[Path, Numbers], Numbers] | None = None) -> Benchmark:
    """A benchmark of a system whose right answers are known: held-out pairs, after at most 8 CPU minutes of training."""
    return Benchmark(metric, (*bars, Bar(CPU_SECONDS, 480, False)), options=("split=test",), also=also)


VARIANTS: Mapping[str, Benchmark] = {
    "ring_lsgan": toy(8, 0.97, "8", "96%", RING),
    "ring_non_saturating": toy(8, 0.85, "8", "96%", RING),
    "ring_wgan_gp": toy(8, 0.60, "8", "87%", RING),
    "grid_lsgan": toy(25, 0.965, "25", "95-97%", GRID),
    "grid_non_saturating": toy(24, 0.85, "25", "94%", GRID),
    "grid_wgan_gp": toy(24, 0.80, "25", "92%", GRID),
    "acgan_mnist": digits(9, "16.5", Bar("conditional_accuracy", 0.99, True, "99.1%")),
    "infogan_mnist": digits(40, ""),
    "lsgan_mnist": digits(100, "73"),
    "vanilla_conv_mnist": digits(100, "46"),
    "wgan_gp_mnist": digits(50, "80"),
    "wgan_mnist": digits(80, "146"),
    "dcgan_stacked_mnist_small": Benchmark(
        "stacked_modes", (Bar("modes", 1000, True), Bar("kl", 0.3, False), Bar(CPU_SECONDS, 240, False)), STACKED
    ),
}
SYSTEMS: Mapping[str, Benchmark] = {
    "pix2pix_outlines": system("relative_l1", Bar("of_constant", 0.35, False)),
    "cyclegan_tinted": system("relative_l1", Bar("of_source", 0.5, False)),
    "faces_srgan": system(
        "super_resolution",
        *(Bar("first_gain", 1.5, True), Bar("lost", 1.5, False), Bar("sharpness", 0.85, True), Bar("sharpness", 1.15, False)),
        also=pretrained,
    ),
    "faces_context_encoder": system("inpainting", Bar("l1_share", 0.5, False)),
    "pixeldt_scene": system("shape_and_colour", Bar("right", 0.9, True)),
    "icgan_digits": system("changed_digits", Bar("recognised", 0.9, True), Bar("of_random", 0.6, False)),
    "stackgan_described": system("as_described", Bar("right", 0.9, True), Bar("of_first", 0.7, False), also=stages),
}
PARTS: Mapping[str, Mapping[str, Benchmark]] = {"results": VARIANTS, "translation": SYSTEMS}
"""A part of the page to its benchmarks: a recipe in ``zoo_configs/`` to what must come out, in the order of the page."""
BENCHMARKS: Mapping[str, Benchmark] = {recipe: benchmark for part in PARTS.values() for recipe, benchmark in part.items()}
