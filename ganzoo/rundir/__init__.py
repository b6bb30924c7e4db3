"""The run directory on disk: its files, its lock, its record.

The names here are public: a plugin that reads run directories needs no others. ``docs/reference/run-directory.md``
describes the files. They are imported when first used, as some want numpy. Nothing in a run directory is trusted, and what
cannot be read is left out.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ganzoo.files import write_atomically

    from .changes import ABSENT, Change, changes_from_recipe, component_names, flat, read_yaml
    from .comparison import ComparedRun, Measured, NumberRow, curves, fact_rows, why_not_comparable
    from .files import RUN_FILES, check_run, file_in, is_folder, read_json, read_text, sample_files
    from .moving import scheduled
    from .numbers import as_number, duration_text, number_text
    from .record import Evaluation, Record, Series, Start, read_record

_HOME = {
    "ABSENT": ".changes",
    "Change": ".changes",
    "ComparedRun": ".comparison",
    "Evaluation": ".record",
    "Measured": ".comparison",
    "NumberRow": ".comparison",
    "RUN_FILES": ".files",
    "Record": ".record",
    "Series": ".record",
    "Start": ".record",
    "as_number": ".numbers",
    "changes_from_recipe": ".changes",
    "check_run": ".files",
    "component_names": ".changes",
    "curves": ".comparison",
    "duration_text": ".numbers",
    "fact_rows": ".comparison",
    "file_in": ".files",
    "flat": ".changes",
    "is_folder": ".files",
    "number_text": ".numbers",
    "read_json": ".files",
    "read_record": ".record",
    "read_text": ".files",
    "read_yaml": ".changes",
    "sample_files": ".files",
    "scheduled": ".moving",
    "why_not_comparable": ".comparison",
    "write_atomically": "ganzoo.files",
}

__all__ = [
    "ABSENT",
    "RUN_FILES",
    "Change",
    "ComparedRun",
    "Evaluation",
    "Measured",
    "NumberRow",
    "Record",
    "Series",
    "Start",
    "as_number",
    "changes_from_recipe",
    "check_run",
    "component_names",
    "curves",
    "duration_text",
    "fact_rows",
    "file_in",
    "flat",
    "is_folder",
    "number_text",
    "read_json",
    "read_record",
    "read_text",
    "read_yaml",
    "sample_files",
    "scheduled",
    "why_not_comparable",
    "write_atomically",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name], __name__), name)
    raise AttributeError(f"module 'ganzoo.rundir' has no attribute '{name}'")


def __dir__() -> list[str]:
    return __all__
