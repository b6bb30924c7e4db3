"""What the first of two phases gave, beside the numbers of the metric, which are of the end."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ganzoo.config import load_config

from .processes import evaluate

Numbers = Mapping[str, float]


def pretrained(folder: Path, numbers: Numbers) -> Numbers:
    """SRGAN: dB over bicubic interpolation and sharpness after the first phase, and how many dB the second lost."""
    config = load_config(folder / "config.yaml")
    step = round(config.schedule.params["share"] * config.train.steps)
    first, _ = evaluate(folder, "super_resolution", "-o", "split=test", "--step", str(step))
    return {"first_gain": first["gain"], "first_sharpness": first["sharpness"], "lost": first["gain"] - numbers["gain"]}


def stages(folder: Path, numbers: Numbers) -> Numbers:
    """StackGAN: the sliced Wasserstein distance to the held-out pictures, that of the first stage's, each pixel repeated, and their ratio.

    Both stages draw the held-out captions, from the same noise; 32 patches of each picture, 256 directions.
    """
    import torch
    from ganzoo_metrics.patches import patch_distances
    from ganzoo_shapes.described import Described

    import ganzoo
    from ganzoo.engine.sampling import to_uint8

    run = ganzoo.load(folder)
    held_out = Described(**{**run.trained.config.data.params, "split": "test"})
    arrays = {name: torch.from_numpy(array) for name, array in held_out.arrays(ganzoo.Cache()).items()}
    real, made, small = arrays["sample"], [], []
    for seed, texts in enumerate(torch.split(arrays["text"], 250)):
        made.append(run(text=texts, seed=seed)["sample"])
        small.append(run.route("first")(text=texts, seed=seed)["source"])
    times = real.shape[-1] // small[0].shape[-1]
    enlarged = [pictures.repeat_interleave(times, 2).repeat_interleave(times, 3) for pictures in small]

    def distance(pictures: list[torch.Tensor]) -> float:
        levels = patch_distances(real, torch.from_numpy(to_uint8(torch.cat(pictures))), patches=32, directions=256)
        return sum(levels) / len(levels)

    swd, first = distance(made), distance(enlarged)
    return {"swd": swd, "first_swd": first, "of_first": swd / first}
