"""The entry point of a plugin that only the benchmarks see: networks that tutorials publish and no shipped plugin has."""

from __future__ import annotations

from pathlib import Path

from ganzoo import hookimpl

GANZOO_API = 1

METADATA = "Metadata-Version: 2.1\nName: ganzoo-speed\nVersion: 0\n"
ENTRY_POINTS = "[ganzoo]\nspeed = benchmarks.speed.entry_point\n"


@hookimpl
def ganzoo_generators() -> dict[str, str]:
    """AC-GAN's as published with PyTorch."""
    return {"upsampling": "benchmarks.speed.components:UpsamplingGenerator"}


@hookimpl
def ganzoo_critics() -> dict[str, str]:
    """Its critic."""
    return {"upsampling": "benchmarks.speed.components:UpsamplingCritic"}


def install(folder: Path) -> Path:
    """Make a folder that lets Python find the plugin where it is on the path."""
    facts = folder / "ganzoo_speed-0.dist-info"
    facts.mkdir(parents=True, exist_ok=True)
    (facts / "METADATA").write_text(METADATA, encoding="utf-8")
    (facts / "entry_points.txt").write_text(ENTRY_POINTS, encoding="utf-8")
    return folder
