"""Draws the pictures of ``docs/explanation``, most from the games that ``tests/theory/test_theory.py`` checks: about half a CPU minute.

tools/draw_theory              into docs/pictures
tools/draw_theory --out DIR    somewhere else
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from ganzoo.errors import GanzooError
from ganzoo.ui.pictures import save_png

from . import closed_forms, games
from .charts import BLUE, GREEN, GREY, ORANGE, Colour, Line, chart, side_by_side

PICTURES = Path(__file__).resolve().parents[3] / "docs" / "pictures"
NORMALS_DIVERGENCE = 0.111421482185
"""Jensen-Shannon divergence of N(0, 1) and N(1, 1) in nats."""
DEEP: Mapping[str, tuple[games.Values, Colour]] = {
    "clip 0.1": ({"name": "weight_clip", "clip": 0.1}, ORANGE),
    "clip 0.01": ({"name": "weight_clip", "clip": 0.01}, GREEN),
    "clip 0.001": ({"name": "weight_clip", "clip": 0.001}, GREY),
    "penalty 10": ({"name": "gradient_penalty", "weight": 10.0}, BLUE),
}
"""How a critic of 12 layers is kept in bounds."""


def main() -> int:
    """Draw all of them; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=PICTURES, help="folder that the pictures go into (default: docs/pictures)")
    out = parser.parse_args().out
    # Networks as small as these gain nothing from more threads.
    torch.set_num_threads(1)
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, draw in DRAWN.items():
            save_png(draw(), out / name)
            print(out / name, file=sys.stderr)
    except (GanzooError, OSError) as error:
        print(f"draw_theory: error: {error}", file=sys.stderr)
        return error.exit_code if isinstance(error, GanzooError) else 3
    return 0


def js_estimates() -> Image.Image:
    """The logged divergence while critics learn: of many samples, and of few that the critic learns by heart."""
    drawn = []
    for name, count, hidden, colour in (("4 samples", 4, [64, 64], ORANGE), ("2,048 samples", 2048, [16], BLUE)):
        game = games.two_normals("non_saturating", count=count, hidden=hidden, optimizer={"name": "adam", "lr": 2e-3})
        points = [(game.every * (i + 1), record["critic/js_estimate"]) for i, record in enumerate(game.records)]
        drawn.append(Line(name, points, colour))
    updates = drawn[0].points[-1][0]
    truth = Line("truth: 0.1114", [(0.0, NORMALS_DIVERGENCE), (updates, NORMALS_DIVERGENCE)], GREY)
    return chart("js_estimate of N(0, 1) against N(1, 1), nats", "critic updates", [truth, *drawn])


def wasserstein_estimates() -> Image.Image:
    """The logged distance of one point from another, by constraint: dots as trained, lines in closed form."""
    distances = np.linspace(0, 2, 41).tolist()
    lines = [Line("the distance W", [(w, w) for w in distances], GREY)]
    for weight, colour in ((1.0, ORANGE), (10.0, BLUE)):
        loss: games.Losses = ["wasserstein", {"name": "gradient_penalty", "weight": weight}]
        lines.append(Line(f"penalty {weight:g}", [(w, w * (1 + w / (2 * weight))) for w in distances], colour))
        lines.append(_trained(loss, colour))
    clip: games.Losses = ["wasserstein", {"name": "weight_clip", "clip": 0.1}]
    lines += [Line("clip 0.1, linear critic", [(w, 0.1 * w) for w in distances], GREEN), _trained(clip, GREEN, hidden=[])]
    return chart("wasserstein_estimate", "distance W", lines)


def _trained(loss: games.Losses, colour: Colour, hidden: Sequence[int] = (64, 64)) -> Line:
    """Dots: the estimate of a trained critic at some distances."""
    points = []
    for distance in (0.5, 1.0, 1.5, 2.0):
        # In a plane: on a line, a two-sided penalty may lock the sign that the critic starts with.
        game = games.two_points(loss, distance, 0.0, hidden=hidden)
        points.append((distance, game.final["critic/wasserstein_estimate"]))
    return Line("", points, colour, dots=True)


def depth_and_weights() -> Image.Image:
    """What clipping does to a critic of 12 layers, after Gulrajani et al. (2017, arXiv:1704.00028), figure 1b."""
    norms, histograms = [], []
    for name, (constraint, colour) in DEEP.items():
        game = games.swiss_roll(constraint)
        decades = [math.log10(norm) for norm in games.gradient_norms(game)]
        norms.append(Line(name, [(i + 1, decade) for i, decade in enumerate(decades)], colour))
        if name in ("clip 0.1", "penalty 10"):
            weights = games.weights(game)
            shares, edges = np.histogram((weights / weights.abs().max()).numpy(), bins=50, range=(-1, 1))
            middles = ((edges[:-1] + edges[1:]) / 2).tolist()
            points = [(float(x), float(n) / len(weights)) for x, n in zip(middles, shares, strict=True)]
            histograms.append(Line(name, points, colour))
    return side_by_side(
        [
            chart("Norm of the critic's gradient by layer", "hidden layer, from the input", norms, powers_of_ten=True),
            chart("Share of the weights in each fiftieth", "weight / largest weight", histograms),
        ]
    )


DRAWN: Mapping[str, Callable[[], Image.Image]] = {
    "theory-divergences.png": closed_forms.divergences,
    "theory-generator-gradients.png": closed_forms.generator_gradients,
    "theory-js-estimate.png": js_estimates,
    "theory-wasserstein-estimate.png": wasserstein_estimates,
    "theory-clipping.png": depth_and_weights,
}
