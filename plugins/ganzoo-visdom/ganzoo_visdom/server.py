"""Speaks to a Visdom server: JSON over HTTP, every request with a time limit.

The ``visdom`` package holds a client, too. It is not used: a request of it waits without limit for a server that does not
answer, it swallows what fails, and it brings the whole server with it.
"""

from __future__ import annotations

import json
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from ganzoo import GanzooError


class ServerError(GanzooError):
    """The server cannot be reached, or refuses."""


class Server:
    """One environment of a Visdom server: its windows, by name.

    Args:
        url: where the server is.
        environment: its name.
        timeout: seconds that a request may take.

    Raises:
        ServerError: from every method, where the server does not answer in time or refuses.
    """

    def __init__(self, url: str, environment: str, timeout: float) -> None:
        self.url, self.environment, self.timeout = url.rstrip("/"), environment, timeout

    def show(self, window: str, data: list[dict[str, Any]], **more: Any) -> None:
        """Put up a window, in the place of one of that name."""
        self._post("events", win=window, data=data, **_named(window), **more)

    def add(self, window: str, data: list[dict[str, Any]], **more: Any) -> None:
        """Add points to the lines of a window, or a picture to its history."""
        self._post("update", win=window, data=data, append=True, **_named(window), **more)

    def windows(self) -> dict[str, dict[str, Any]]:
        """All windows, as the server keeps them."""
        try:
            found: dict[str, dict[str, Any]] = json.loads(self._post("win_data", win=None))
        except ValueError as error:
            raise ServerError(f"what answers at {self.url} is not a Visdom server") from error
        return found

    def close(self, window: str) -> None:
        """Take a window away."""
        self._post("close", win=window)

    def save(self) -> None:
        """Have the server keep the environment on its disk."""
        self._post("save", data=[self.environment])

    def _post(self, endpoint: str, **message: Any) -> str:
        body = json.dumps({**message, "eid": self.environment}).encode()
        try:
            with urlopen(Request(f"{self.url}/{endpoint}", body), timeout=self.timeout) as answer:
                text: str = answer.read().decode("utf-8", "replace")
        except HTTPError as error:
            raise ServerError(f"the Visdom server at {self.url} refuses ({error.code} {error.reason})") from error
        except (URLError, HTTPException, OSError) as error:  # HTTPException: it went away amid an answer
            raise ServerError(f"the Visdom server at {self.url} does not answer ({getattr(error, 'reason', error)})") from error
        return text


def _named(window: str) -> dict[str, Any]:
    layout = {"title": window, "xaxis": {"title": "step"}, "showlegend": True, "margin": {"l": 60, "r": 60, "t": 60, "b": 60}}
    return {"opts": {"title": window}, "layout": layout}
