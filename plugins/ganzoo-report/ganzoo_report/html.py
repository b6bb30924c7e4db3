"""Templates to HTML pages that stand alone: style and script inside, nothing loaded from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


def render_page(template: str, **content: Any) -> str:
    """A page of ``template``, which is given ``content``, ``style``, ``script`` and ``script_hash``. All content is escaped."""
    script = (FOLDER / "report.js").read_text(encoding="utf-8")
    style = (FOLDER / "report.css").read_text(encoding="utf-8")
    # The page may run this very script and nothing else, whatever a config or a log line smuggles in.
    script_hash = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    page: str = _templates().get_template(template).render(style=style, script=script, script_hash=script_hash, **content)
    return page


@cache
def _templates() -> Any:
    """Jinja's environment, which keeps the templates that it has compiled."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
