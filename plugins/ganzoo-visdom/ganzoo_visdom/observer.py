"""Sends what a run logs to a Visdom server, into an environment of the run's name."""

from __future__ import annotations

import base64
import html
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ganzoo import DataSpec, PositiveFloat, UserError, hookimpl

from .server import Server


class Visdom:
    """Lines, sample grids, metrics and the configuration, as windows of a Visdom server.

    Args:
        url: where the server is.
        environment: the environment of its windows; null: the name of the run directory.
        timeout: seconds that a request may take; a server that takes longer is given up.
    """

    source = "FOSSASIA (formerly Facebook Research), Visdom, https://github.com/fossasia/visdom"

    def __init__(
        self, data: DataSpec, *, url: str = "http://localhost:8097", environment: str | None = None, timeout: PositiveFloat = 5.0
    ) -> None:
        if not url.startswith(("http://", "https://")):
            raise UserError(f"'{url}' is not an address of a server", "write, for example, http://localhost:8097", key="url")
        self.url, self.environment, self.timeout = url, environment, timeout
        self._server: Server | None = None
        self._lines: dict[str, list[str]] = {}
        """Window -> the names of its lines, in the server's order."""
        self._has_samples = False

    @property
    def server(self) -> Server:
        """The server, known from ``run_started`` on."""
        if self._server is None:
            raise RuntimeError("no run was started")
        return self._server

    @hookimpl
    def run_started(self, directory: Path, config: Mapping[str, Any], step: int) -> None:
        """Show the configuration; of what the server holds of the run, keep what happened up to ``step``."""
        self._server = Server(self.url, self.environment or directory.resolve().name, self.timeout)
        text = html.escape(json.dumps(config, indent=2, ensure_ascii=False))
        self.server.show("config", [{"type": "text", "content": f"<pre>{text}</pre>"}])
        for name, window in self.server.windows().items():
            if name != "config":
                self.server.close(name)
                if step:
                    self._restore(name, window, step)

    @hookimpl
    def step_logged(self, step: int, values: Mapping[str, float]) -> None:
        """A point on each line: a window for each player's terms, for scores, for gradients, and for the speed."""
        windows: dict[str, dict[str, float]] = {}
        for name, value in values.items():
            windows.setdefault(window_of(name), {})[name] = value
        for window, points in windows.items():
            self._draw(window, step, points)

    @hookimpl
    def samples_saved(self, step: int, path: Path) -> None:
        """The grid, behind those of earlier steps."""
        source = f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}"
        self._picture({"src": source, "caption": f"step {step}"})

    @hookimpl
    def evaluated(self, step: int, metric: str, values: Mapping[str, Any]) -> None:
        """A point for each of the metric's numbers, and what they depend on as text."""
        self._draw(metric, step, {name: value for name, value in values.items() if isinstance(value, int | float)})
        facts = html.escape(json.dumps(values.get("provenance", {}), indent=2, ensure_ascii=False))
        self.server.show(f"{metric} provenance", [{"type": "text", "content": f"<pre>step {step}\n{facts}</pre>"}])

    @hookimpl
    def run_finished(self) -> None:
        """Have the server keep it all."""
        self.server.save()

    def _draw(self, window: str, step: int, points: Mapping[str, float]) -> None:
        """Add a point to each line of a window."""
        known = self._lines.setdefault(window, [])
        if not known:
            known += points
            self.server.show(window, [line(name, [step], [value]) for name, value in points.items()])
        elif list(points) == known:  # the server matches lines by their order
            self.server.add(window, [line(name, [step], [value]) for name, value in points.items()])
        else:
            for name, value in points.items():
                self.server.add(window, [line(name, [step], [value])], name=name)
                known += [name] if name not in known else []

    def _picture(self, content: Mapping[str, str]) -> None:
        data = [{"type": "image_history", "content": dict(content)}]
        if self._has_samples:
            self.server.add("samples", data)
        else:
            self.server.show("samples", data)
        self._has_samples = True

    def _restore(self, name: str, window: Mapping[str, Any], step: int) -> None:
        """Put up a window again as it was at ``step``."""
        if window["type"] == "image_history":
            for content in window["content"]:
                if int(content["caption"].removeprefix("step ")) <= step:
                    self._picture(content)
        elif window["type"] == "plot":
            kept = []
            for old in window["content"]["data"]:
                points = [(x, y) for x, y in zip(old["x"], old["y"], strict=True) if x <= step]
                kept += [line(old["name"], [x for x, _ in points], [y for _, y in points])] if points else []
            if kept:
                self._lines[name] = [old["name"] for old in kept]
                self.server.show(name, kept)


def window_of(name: str) -> str:
    """The window that a logged value is drawn in: values of one window are of one kind."""
    if name.endswith("_score"):
        return "scores"
    if name.endswith("gradient_norm"):
        return "gradient norms"
    return name.partition("/")[0].replace("_", " ")


def line(name: str, steps: list[int], values: list[float | None]) -> dict[str, Any]:
    """A line as the server draws it; where a value is not finite it has a gap, as JSON has no such number."""
    finite = [value if value is not None and math.isfinite(value) else None for value in values]
    return {"type": "scatter", "mode": "lines", "name": name, "x": steps, "y": finite}
