"""Fenced blocks of a document, each with its language, its file and why it is not executed."""

import re
from dataclasses import dataclass

BLOCK = re.compile(
    r"(?:^<!-- not executed: (?P<reason>[^\n]+) -->\n+)?(?:^`(?P<file>[^`\n]+)`\n\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass
class Block:
    """One fenced block. ``reason``: why it is not executed, "" where it is."""

    language: str
    file: str
    text: str
    line: int
    reason: str


def blocks(text):
    for found in BLOCK.finditer(text):
        line = text[: found.start("text")].count("\n") + 1
        yield Block(found["language"], found["file"] or "", found["text"], line, found["reason"] or "")
