import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from ganzoo_visdom.observer import Visdom, line
from watched_runs import free_port, train

from ganzoo import DataSpec, UserError
from ganzoo.cli import invoke

POINTS = DataSpec({"sample": (2,)})


class Fake(ThreadingHTTPServer):
    """Takes what it is sent, and answers like Visdom; ``behave`` may be changed in the middle of a run."""

    daemon_threads = True

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.behave, self.after = "well", 10**9

        class Handler(BaseHTTPRequestHandler):
            server: Fake

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self.server.asked.append((self.path, body))
                failing = len(self.server.asked) > self.server.after
                if failing and self.server.behave == "hang":
                    time.sleep(20)
                if failing and self.server.behave == "close":
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                if failing and self.server.behave == "break off":
                    self.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Length: 100\r\n\r\n{}")
                    return
                self.send_response(500 if failing and self.server.behave == "refuse" else 200)
                self.end_headers()
                self.wfile.write(b"<html>" if self.server.behave == "no visdom" else b"{}")

            def log_message(self, *_: Any) -> None: ...

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_: Any) -> None:
        """Nothing: whoever hung up is not there when a handler that slept answers, perhaps within another test."""


@pytest.fixture
def fake() -> Iterator[Fake]:
    server = Fake()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("behave", "words"), [("hang", "timed out"), ("close", "does not answer"), ("break off", "does not answer"), ("refuse", "refuses (500")]
)
def test_a_server_that_fails_in_the_middle_costs_one_warning_and_its_timeout(
    fake: Fake, tmp_path: Path, capsys: pytest.CaptureFixture, behave: str, words: str
) -> None:
    fake.behave, fake.after = behave, 5
    started = time.monotonic()
    assert train(tmp_path, {"name": "visdom", "url": f"http://127.0.0.1:{fake.server_port}", "timeout": 0.5}) == 0
    assert time.monotonic() - started < 15
    warning = capsys.readouterr().err
    assert warning.count("observer 'visdom' failed") == 1
    assert words in warning
    assert "ganzoo replay" in warning
    assert len(fake.asked) == 6  # it was not asked again
    assert (tmp_path / "run/weights/generator.safetensors").exists()


def test_a_server_that_is_not_there_costs_one_warning(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    port = free_port()
    assert train(tmp_path, {"name": "visdom", "url": f"http://127.0.0.1:{port}"}) == 0
    warning = capsys.readouterr().err
    assert warning.count("observer 'visdom' failed") == 1
    assert "does not answer" in warning
    assert invoke(["replay", str(tmp_path / "run"), "--to", f"{{name: visdom, url: 'http://127.0.0.1:{port}'}}"]) == 3
    assert "ganzoo: error: " in capsys.readouterr().err


def test_a_server_of_something_else_is_told_apart(fake: Fake, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    fake.behave = "no visdom"
    assert train(tmp_path, {"name": "visdom", "url": f"http://127.0.0.1:{fake.server_port}"}) == 0
    assert f"from here on: what answers at http://127.0.0.1:{fake.server_port} is not a Visdom server; " in capsys.readouterr().err


def test_points_are_added_in_one_request_a_window(fake: Fake, tmp_path: Path) -> None:
    observer = Visdom(POINTS, url=f"http://127.0.0.1:{fake.server_port}/")
    observer.run_started(tmp_path / "a run", {}, step=0)
    fake.asked.clear()
    values = {"critic/a": 1.0, "critic/b": 2.0, "critic/real_score": 3.0}
    observer.step_logged(1, values)
    observer.step_logged(2, values)
    assert [(path, body["win"], body["eid"]) for path, body in fake.asked] == [
        ("/events", "critic", "a run"),
        ("/events", "scores", "a run"),
        ("/update", "critic", "a run"),
        ("/update", "scores", "a run"),
    ]


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(UserError, match="'localhost:8097' is not an address"):
        Visdom(POINTS, url="localhost:8097")


def test_values_that_json_has_no_form_for_are_gaps() -> None:
    assert line("a", [1, 2, 3], [1.0, float("nan"), float("inf")])["y"] == [1.0, None, None]


def test_door_imports_no_torch() -> None:
    code = "import sys, ganzoo_visdom; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
