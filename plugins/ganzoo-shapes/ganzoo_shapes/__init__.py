"""Drawn shapes: data sets whose right answers are known, and the metric that judges them. It imports no torch."""

from __future__ import annotations

from ganzoo import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_datasets() -> dict[str, str]:
    """The data sets."""
    return {
        "described": "ganzoo_shapes.described:Described",
        "outlines": "ganzoo_shapes.pairs:Outlines",
        "scene": "ganzoo_shapes.pairs:Scene",
        "shapes": "ganzoo_shapes.pairs:Shapes",
        "tinted": "ganzoo_shapes.domains:Tinted",
    }


@hookimpl
def ganzoo_metrics() -> dict[str, str]:
    """The metrics of shapes alone, and of shapes as they are described."""
    return {"as_described": "ganzoo_shapes.as_described:AsDescribed", "shape_and_colour": "ganzoo_shapes.shape_and_colour:ShapeAndColour"}
