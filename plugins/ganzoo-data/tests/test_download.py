"""Downloads arrive whole and checked or not at all, and never hang. Everything happens on this machine."""

import hashlib
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import StringIO
from pathlib import Path

import pytest
from ganzoo_data import download

from ganzoo import UserError
from ganzoo.ui.progress import LineReporter

CONTENT = b"what was asked for" * 1000
MD5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()


class Handler(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.send_response(200 if self.path == "/file" else 404)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()

    def do_GET(self) -> None:
        self.server.served.append(self.path)
        self.do_HEAD()
        self.wfile.write(CONTENT)

    def log_message(self, *args) -> None:
        pass


@pytest.fixture
def server(monkeypatch) -> Iterator[HTTPServer]:
    monkeypatch.setenv("no_proxy", "*")
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.served = []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def fetch(urls: list[str], target: Path, md5: str = MD5) -> str:
    log = StringIO()
    download.fetch(urls, target, md5, LineReporter(log), "put it there by hand")
    return log.getvalue()


def url_of(server: HTTPServer, path: str = "file") -> str:
    return f"http://127.0.0.1:{server.server_port}/{path}"


def test_fetches_once(tmp_path, server):
    target = tmp_path / "new" / "folders" / "data.bin"
    assert "downloading" in fetch([url_of(server)], target)
    asked = len(server.served)
    assert fetch([url_of(server)], target) == ""
    assert target.read_bytes() == CONTENT
    assert len(server.served) == asked > 0


def test_tries_the_next_place(tmp_path, server):
    fetch([url_of(server, "gone"), url_of(server)], tmp_path / "data.bin")
    assert (tmp_path / "data.bin").read_bytes() == CONTENT


def test_refuses_what_is_not_the_file(tmp_path, server):
    with pytest.raises(UserError, match="put it there by hand") as caught:
        fetch([url_of(server)], tmp_path / "data.bin", md5="0" * 32)
    assert caught.value.key == "data.root"
    assert {path.name for path in tmp_path.iterdir()} == {".data.bin.lock"}


def test_says_so_where_nothing_answers(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/file"
        with pytest.raises(UserError, match=r"data\.bin cannot be downloaded .*refused"):
            fetch([url], tmp_path / "data.bin")


def test_gives_up_on_a_silent_server(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(download, "SILENCE_SECONDS", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(UserError, match="timed out"):
            fetch([f"http://127.0.0.1:{silent.getsockname()[1]}/file"], tmp_path / "data.bin")
    assert socket.getdefaulttimeout() is None


def test_says_so_where_nothing_can_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"data\.root: .*cannot be written"):
        fetch(["http://127.0.0.1:1/"], tmp_path / "file" / "data.bin")
