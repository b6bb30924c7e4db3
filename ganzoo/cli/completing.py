"""Completion in bash, which splits words at ``=`` and ``:`` and inserts answers unquoted."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout


@contextmanager
def in_bash() -> Iterator[None]:
    """Answers bash, where it is bash that asks inside: it cuts words at ``=`` and ``:``, and takes answers as they are."""
    if os.environ.get("_GANZOO_COMPLETE") != "complete_bash":
        yield
        return
    words, cut = whole_words(os.environ["COMP_WORDS"].split("\n")[: int(os.environ["COMP_CWORD"]) + 1])
    os.environ.update(COMP_WORDS="\n".join(words), COMP_CWORD=str(len(words) - 1))
    said = io.StringIO()
    try:
        with redirect_stdout(said):
            yield
    finally:
        print("\n".join(line.removeprefix(cut).replace(" ", "\\ ") for line in said.getvalue().splitlines()))


def whole_words(pieces: Sequence[str]) -> tuple[list[str], str]:
    """Puts words together again that bash has cut: ``[-o, data, =, ri]`` is ``[-o, data=ri]``.

    Returns:
        The words, and that part of the last one (``data=``) which bash keeps and does not want to hear again.
    """
    words: list[str] = []
    cut, after_break = "", False
    for piece in pieces:
        is_break = bool(piece) and set(piece) <= {"=", ":"}
        if words and (is_break or (after_break and piece)):
            cut = words[-1] + (piece if is_break else "")
            words[-1] += piece
        else:
            words.append(piece)
            cut = ""
        after_break = is_break
    return words, cut
