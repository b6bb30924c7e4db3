"""How a tool writes into a page of which the rest is written by hand."""

from __future__ import annotations

from pathlib import Path

from ganzoo.errors import UserError


def put_into(page: Path, section: str, tool: str, text: str) -> None:
    """Replace what ``tool`` wrote into ``section`` of ``page`` before: what stands between two comments.

    Raises:
        UserError: where the page lacks them.
    """
    start, end = f"<!-- {section}: written by tools/{tool} -->", f"<!-- end of {section} -->"
    content = page.read_text(encoding="utf-8") if page.is_file() else ""
    before, found, rest = content.partition(f"{start}\n")
    _, closed, after = rest.partition(f"{end}\n")
    if not (found and closed):
        raise UserError(f"{page} has no place for {section}", f"put the lines {start} and {end} into it", key="--page")
    page.write_text(f"{before}{start}\n\n{text.strip()}\n\n{end}\n{after}", encoding="utf-8")
