"""Samples that ``ganzoo compare`` sets side by side, of runs from the same latents, and which way their metrics are better."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import numpy as np
from ganzoo_report.comparison import ComparedRun

from ganzoo.engine.sampling import CLOUD, to_units
from ganzoo.errors import GanzooError, UserError
from ganzoo.players import Generator
from ganzoo.registry import Registry
from ganzoo.runs.trained import Trained, load_trained
from ganzoo.ui.progress import reporter as choose_reporter


def about_latents(names: Sequence[str], loaded: Sequence[Trained | UserError], seed: int) -> str:
    """Whether the samples of the grids correspond, in a sentence."""
    kinds: dict[str, list[str]] = {}
    for name, trained in zip(names, loaded, strict=True):
        if isinstance(trained, Trained):
            kinds.setdefault(_latents_of(trained), []).append(name)
    if len(kinds) < 2:
        return f"From the same latents: seed {seed}, {next(iter(kinds), 'none')} for all."
    listed = ", ".join(f"{kind} for {' and '.join(who)}" for kind, who in kinds.items())
    return f"The seed is {seed} for all, but the latents are not the same ({listed}), so the samples do not correspond one by one."


def _latents_of(trained: Trained) -> str:
    """What a generator's noise depends on besides the seed, in words; two that say the same draw the same."""
    if type(trained.generator).draw is not Generator.draw:
        return f"a prior of {trained.part.component.qualified}'s own"
    return f"{trained.generator.latent_dim} numbers a sample" if trained.generator.latent_dim else "no noise"


def load(run: ComparedRun, registry: Registry) -> Trained | UserError:
    """The trained generator of a run, or why there is none."""
    try:
        return load_trained(run.folder, None, registry, choose_reporter())
    except UserError as error:  # a plugin that is not here is no reason to compare nothing
        return error


def picture(trained: Trained | UserError, n: int, seed: int) -> bytes | str:
    """A PNG of ``n`` samples (or of a cloud of points), or why there is none."""
    if isinstance(trained, UserError):
        return f"No samples: {trained}"
    try:
        buffer = io.BytesIO()
        made = trained.sample(n if trained.data.is_image else CLOUD, seed)
        made.picture(None if trained.data.is_image else _real_points(trained)).save(buffer, format="PNG")
    except GanzooError as error:
        return f"No samples: {error}"
    return buffer.getvalue()


def _real_points(trained: Trained) -> np.ndarray | None:
    """Points of the data, so that runs on the same data have the same axes; None where it is not here."""
    try:
        samples = trained.read_data(trained.reporter)[1]
        evenly = np.linspace(0, samples.count - 1, CLOUD).astype(np.int64)
        return to_units(samples.fetch(evenly)["sample"], trained.data)
    except Exception:  # whatever a data set raises: it would only have been drawn beneath
        return None


def directions(component: str, registry: Registry) -> Mapping[str, str]:
    """Which way a metric's numbers are better; nothing where it is not installed."""
    try:
        better: Mapping[str, str] = getattr(registry.find("metric", component).load(), "better", {})
    except UserError:
        return {}
    return better
