"""The run directory on disk: its files, its lock, its record.

The names here are public: a plugin that reads run directories needs no others. ``docs/reference/run-directory.md``
describes the files. Nothing in a run directory is trusted, and what cannot be read is left out.
"""

from ganzoo.files import write_atomically

from .changes import ABSENT, Change, changes_from_recipe, component_names, flat, read_yaml
from .comparison import ComparedRun, Measured, NumberRow, curves, fact_rows, why_not_comparable
from .files import RUN_FILES, check_run, file_in, is_folder, read_json, read_text, sample_files
from .moving import scheduled
from .numbers import as_number, duration_text, number_text
from .record import Evaluation, Record, Series, Start, read_record

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
