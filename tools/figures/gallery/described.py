"""The card of pictures from captions: each caption with what either stage made of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from ganzoo_shapes.described import caption, drawn, encode
from PIL import Image, ImageDraw

import ganzoo
from ganzoo.ui.pictures import GAP, INK, font_of, image_grid

SAID = np.array([(i // 4, i % 5, i % 4, 3 * i % 5) for i in range(8)])
"""Captions in which every word occurs: numbers of size, colour, shape and place."""
LARGER = 2
"""Times that pixels of the large pictures are repeated, so that captions beside them can be read."""
HEADS = ("stage I", "stage II", "drawn")
HEAD = 26
"""Pixels."""


def described(run: Path) -> Path:
    """Write captions | pictures of stage I | of stage II | right answers, beside ``run``; returns the file.

    Noise is drawn once for all: nothing is selected.
    """
    trained, text = ganzoo.load(run), torch.from_numpy(encode(SAID))
    first, second = trained.route("first")(text=text)["source"], trained(text=text)["sample"]
    edge = LARGER * second.shape[-1]
    columns = [as_bytes(first), as_bytes(second), torch.from_numpy(drawn(SAID, second.shape[-1]))]
    tiles = torch.stack([larger(each, edge) for each in columns], dim=1).flatten(0, 1).numpy()
    grid = image_grid(tiles, len(HEADS), row_names=[caption(one) for one in SAID])
    page = Image.new("RGB", (grid.width, grid.height + HEAD), GAP)
    page.paste(grid, (0, HEAD))
    for i, head in enumerate(reversed(HEADS)):
        place = (grid.width - (i + 0.5) * (edge + 2), HEAD / 2)
        ImageDraw.Draw(page).text(place, head, fill=INK, font=font_of(13), anchor="mm")
    to = run.with_name(f"{run.name}.png")
    page.save(to)
    return to


def as_bytes(made: torch.Tensor) -> torch.Tensor:
    """Pictures (N, C, H, W) in [-1, 1] as uint8."""
    return made.add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8)


def larger(pictures: torch.Tensor, edge: int) -> torch.Tensor:
    """(N, C, H, W) to (N, C, edge, edge), by repeated pixels."""
    times = edge // pictures.shape[-1]
    return pictures.repeat_interleave(times, dim=2).repeat_interleave(times, dim=3)
