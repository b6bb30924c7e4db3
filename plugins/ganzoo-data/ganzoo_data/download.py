"""Fetches a file from where its authors, or torchvision for them, keep it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from ganzoo import UserError

from .locking import locked

SILENCE_SECONDS = 30.0
"""How long a server may say nothing before it counts as unreachable."""


class Reporter(Protocol):
    """Who is told what is going on: that of a cache is one."""

    def say(self, text: str) -> None:
        """Show one line."""


def fetch(urls: Sequence[str], target: Path, md5: str, reporter: Reporter, by_hand: str) -> None:
    """Download ``target``, from the first of ``urls`` that works, unless it is there. It appears whole and checked, or not at all.

    Args:
        urls: the same file in several places.
        target: where it goes; folders are made.
        md5: what its content must hash to, in hexadecimal.
        reporter: told what is going on.
        by_hand: what the user can do where it fails.

    Raises:
        UserError: where nothing can be reached, or what came is not the file.
    """

    def get(temporary: Path) -> None:
        from torchvision.datasets.utils import download_url

        failures = []
        for url in urls:
            reporter.say(f"downloading {url}")
            try:
                download_url(url, str(temporary.parent), filename=temporary.name, md5=md5)
                return
            except (OSError, RuntimeError, ValueError) as error:  # URLError and timeouts are OSErrors
                failures.append(f"{url}: {getattr(error, 'reason', error)}")
        raise UserError(f"{target.name} cannot be downloaded ({'; '.join(failures)})", by_hand, key="data.root")

    deliver(target, get, reporter)


def deliver(target: Path, get: Callable[[Path], None], reporter: Reporter) -> None:
    """Let ``get`` write a temporary file beside ``target``, then rename it, unless another process did so meanwhile."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        lock = target.with_name(f".{target.name}.lock")
        with locked(lock, lambda: reporter.say(f"waiting for another process that downloads {target.name}")):
            if not target.exists():
                temporary = target.with_name(f"{target.name}.part")
                try:
                    with _impatient():
                        get(temporary)
                    temporary.replace(target)
                finally:
                    temporary.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(
            f"{target.parent} cannot be written: {error.strerror or error}", "set data.root to another folder", key="data.root"
        ) from error


@contextmanager
def _impatient() -> Iterator[None]:
    """Give up on silent servers: torchvision sets no timeout of its own."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(SILENCE_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
