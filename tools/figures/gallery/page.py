"""The cards of ``docs/gallery.md``, and their pictures."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from benchmarks.quality.page import name_of, shown
from PIL import Image

from ganzoo.config import load_config

from .described import HEADS
from .editions import EDITIONS, settings_of
from .runs import PICTURES, RECIPES, Finished, evaluation, headline

LARGEST = 900
"""Pixels of a picture's edge."""
MOST_BYTES = 100_000
"""Of a picture's file: pages are read on phones, and the repository keeps every version."""


def write_picture(grid: Path, to: Path) -> None:
    """``grid`` for the page: no edge over ``LARGEST``, and fewer colours, then fewer pixels, while it is over ``MOST_BYTES``."""
    with Image.open(grid) as opened:
        image = opened.convert("RGB")
    content = grid.read_bytes()
    if max(image.size) > LARGEST:
        image.thumbnail((LARGEST, LARGEST), Image.Resampling.LANCZOS)
        content = as_png(image)
    edge = float(max(image.size))
    while len(content) > MOST_BYTES:
        image.thumbnail((edge, edge), Image.Resampling.LANCZOS)
        content = as_png(image.quantize(64))
        edge *= 0.9
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_bytes(content)


def as_png(image: Image.Image) -> bytes:
    """``image`` as a PNG file, as small as Pillow makes it."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


COLUMNS: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(("unet", "pixeldt", "srresnet"), ("source", "output", "target")),
    **dict.fromkeys(("cyclegan", "icgan"), ("source", "output")),
    "context_encoder": ("source with a hole", "the hole", "output", "target"),
}
"""A generator of pictures from pictures to what stands side by side in its sample grids."""

SMALL = """## Small editions

These recipes want a GPU, or data that cannot be given out again. Shown is what one core makes in one to twenty-five minutes of the
same networks, losses and schedules with smaller numbers, each named below, on pictures that stand in for the data. The pictures show
that the recipe trains; how good it gets, only the recipe itself can show."""


def cards(found: Mapping[str, Finished], missing: Sequence[str]) -> str:
    """A grid of the recipes, one of the small editions, and a list of what was not trained."""
    parts = [grid([run for run in found.values() if run.recipe not in EDITIONS])]
    if small := [run for run in found.values() if run.recipe in EDITIONS]:
        parts += [SMALL, grid(small)]
    if missing:
        parts += ["## Not run here", "\n".join(f"- `{recipe}`: {title(recipe)}." for recipe in missing)]
    return "\n\n".join(parts)


def grid(runs: Sequence[Finished]) -> str:
    """Cards side by side where the page is wide enough."""
    return "\n".join(["::::{grid} 1 2 2 2", ":gutter: 3", "", *(card(run) for run in runs), "::::"])


def card(run: Finished) -> str:
    """One recipe: its picture, its number, where that comes from, and how to make it again."""
    number = headline(run.recipe)
    others = [f"{name_of(name)} {shown(name, value)}" for name, value in run.numbers.items() if name != number]
    settings = " ".join(f"-o {setting}" for setting in settings_of(run.recipe, run.seed))
    edition = EDITIONS.get(run.recipe)
    small = f" Here: {', '.join(edition.differences(RECIPES / f'{run.recipe}.yaml'))}." if edition else ""
    lines = [
        f":::{{grid-item-card}} {run.recipe}",
        f":img-top: pictures/gallery/{run.recipe}.png",
        f":img-alt: Samples of the recipe {run.recipe} at the end of training{f': {told}' if (told := columns(run.recipe)) else ''}",
        "",
        f"**{name_of(number)} {shown(number, run.numbers[number])}**" + (f", {', '.join(others)}" if others else ""),
        "",
        f"{title(run.recipe)}.{f' Columns, in turns: {told}.' if told else ''}{small}",
        "",
        f"`ganzoo run zoo_configs/{run.recipe}.yaml {settings} --out runs/{run.recipe}`",
        "",
        f"`ganzoo eval runs/{run.recipe} {evaluation(run.recipe)}`",
        "",
        "{.provenance}",
        provenance(run.provenance.items()),
        ":::",
        "",
    ]
    return "\n".join(lines)


def columns(recipe: str) -> str:
    """What stands side by side in a recipe's picture; "" where it shows samples alone."""
    return " | ".join(
        ("caption", *HEADS) if recipe in PICTURES else COLUMNS.get(load_config(RECIPES / f"{recipe}.yaml").generator.name, ())
    )


def provenance(facts: Iterable[tuple[str, object]]) -> str:
    """What a number depends on, on one line."""
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in facts)


def title(recipe: str) -> str:
    """What the first comment of the recipe's file says it is, up to a full stop or a colon."""
    first = (RECIPES / f"{recipe}.yaml").read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
    return re.split(r"[.:](?: |$)", first)[0]
