"""Visdom's own server: its windows say what metrics.jsonl says, and its end costs one warning."""

import base64
import html
import importlib.util
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from ganzoo_visdom.observer import Visdom
from ganzoo_visdom.server import Server, ServerError
from watched_runs import free_port, train

from ganzoo import DataSpec
from ganzoo.cli import invoke

POINTS = DataSpec({"sample": (2,)})
needs_visdom = pytest.mark.skipif(
    importlib.util.find_spec("visdom") is None, reason="the package visdom is not installed (see the README of ganzoo-visdom)"
)


@contextmanager
def serving(folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A real Visdom server of these tests' own, without the scripts that browsers need and that it would download."""
    port = free_port()
    code = "from visdom.server.run_server import main; main()"
    arguments = ["-port", str(port), "-env_path", str(folder), "-bind_local", "-logging_level", "ERROR"]
    process = subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + 60
        while True:
            try:
                Server(url, "main", 5).save()
                break
            except ServerError:
                assert time.monotonic() < until, "the Visdom server does not start"
                assert process.poll() is None, "the Visdom server ended"
                time.sleep(0.1)
        yield url, process
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that these tests share."""
    with serving(tmp_path_factory.mktemp("visdom")) as (url, _):
        yield url


def points(window: dict[str, Any]) -> dict[str, list[tuple[int, float]]]:
    return {drawn["name"]: list(zip(drawn["x"], drawn["y"], strict=True)) for drawn in window["content"]["data"]}


@needs_visdom
def test_the_windows_of_a_real_server_say_what_metrics_jsonl_says(server: str, tmp_path: Path) -> None:
    assert train(tmp_path, {"name": "visdom", "url": server, "environment": "live"}) == 0
    wanted: dict[str, list[tuple[int, float]]] = {}
    for event in map(json.loads, (tmp_path / "run/metrics.jsonl").read_text().splitlines()):
        values = {key: event[key] for key in event if key not in ("event", "step", "seconds")} if event["event"] == "log" else {}
        if event["event"] == "evaluated":
            values = {key: event["values"][key] for key in ("modes", "high_quality")}
        for key, value in values.items():
            wanted.setdefault(key, []).append((event["step"], value))
    windows = Server(server, "live", 5).windows()
    assert windows.keys() == {
        *("config", "critic", "generator", "scores", "gradient norms", "images per second", "samples", "modes", "modes provenance")
    }
    drawn = {name: values for window in windows.values() if window["type"] == "plot" for name, values in points(window).items()}
    assert drawn.keys() == wanted.keys()
    for key, values in wanted.items():
        assert drawn[key] == [(step, pytest.approx(value)) for step, value in values]
    pictures = windows["samples"]["content"]
    assert [picture["caption"] for picture in pictures] == ["step 0", "step 3", "step 6"]
    for picture, path in zip(pictures, sorted((tmp_path / "run/samples").iterdir()), strict=True):
        assert base64.b64decode(picture["src"].removeprefix("data:image/png;base64,")) == path.read_bytes()
    shown = html.unescape(windows["config"]["content"].removeprefix("<pre>").removesuffix("</pre>"))
    assert json.loads(shown) == yaml.safe_load((tmp_path / "run/config.yaml").read_text())

    # Replayed, once into an environment of its own and once over what is there, it is the same.
    for environment in ("again", "live"):
        to = f"{{name: visdom, url: '{server}', environment: {environment}}}"
        assert invoke(["replay", str(tmp_path / "run"), "--to", to, "--quiet"]) == 0
        replayed = Server(server, environment, 5).windows()
        assert {name: window["content"] for name, window in replayed.items()} == {name: w["content"] for name, w in windows.items()}


@needs_visdom
def test_a_resumed_run_goes_on_in_its_windows(server: str, tmp_path: Path) -> None:
    def observe(directory: Path, step: int) -> Visdom:
        observer = Visdom(POINTS, url=server)
        observer.run_started(directory, {}, step=step)
        return observer

    directory = tmp_path / "läufe mit ß"
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"any")
    first = observe(directory, 0)
    first.samples_saved(0, picture)
    for step in (5, 10, 15):
        first.step_logged(step, {"critic/a": 1.0, "generator/a": 1.0} | ({"critic/late": 1.0} if step > 5 else {}))
        first.samples_saved(step, picture)
    first.step_logged(16, {"images_per_second": 1.0})  # and killed; the last checkpoint is of step 10
    second = observe(directory, 10)
    second.step_logged(15, {"critic/a": 2.0, "critic/late": float("nan"), "generator/a": 2.0})
    second.samples_saved(20, picture)
    second.run_finished()
    windows = Server(server, "läufe mit ß", 5).windows()
    assert points(windows["critic"]) == {"critic/a": [(5, 1.0), (10, 1.0), (15, 2.0)], "critic/late": [(10, 1.0), (15, None)]}
    assert points(windows["generator"]) == {"generator/a": [(5, 1.0), (10, 1.0), (15, 2.0)]}
    assert [content["caption"] for content in windows["samples"]["content"]] == ["step 0", "step 5", "step 10", "step 20"]
    assert "images per second" not in windows


@needs_visdom
def test_a_real_server_that_is_killed_in_the_middle_costs_one_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture
) -> None:
    with serving(tmp_path) as (url, process):
        asked: list[str] = []
        post = Server._post

        def killing(self: Server, endpoint: str, **message: Any) -> str:
            asked.append(endpoint)
            if len(asked) == 12:
                process.kill()
                process.wait()
            return post(self, endpoint, **message)

        monkeypatch.setattr(Server, "_post", killing)
        assert train(tmp_path, {"name": "visdom", "url": url}) == 0
    assert len(asked) == 12  # it was not asked again
    said = capfd.readouterr().err
    assert said.count("\n") == 1
    assert f"observer 'visdom' failed and is left out from here on: the Visdom server at {url} does not answer (" in said
    events = [json.loads(line) for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    assert [event["step"] for event in events if event["event"] == "log"] == [2, 4, 6]
