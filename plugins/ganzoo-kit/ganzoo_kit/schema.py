"""``ganzoo schema``: what editors complete configurations with."""

from __future__ import annotations

from ganzoo.registry import Registry
from ganzoo.ui.tables import print_json

GROUP = "What is installed"


def schema() -> None:
    """Print the JSON schema of configurations, for an editor.

    Example: ganzoo schema > ganzoo.schema.json
    """
    from .json_schema import json_schema

    print_json(json_schema(Registry.installed()))
