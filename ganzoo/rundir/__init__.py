"""The run directory on disk: its files, its lock, its record.

The names here are public: a plugin that reads run directories needs no others. ``docs/reference/run-directory.md``
describes the files. Nothing in a run directory is trusted, and what cannot be read is left out.
"""

from ganzoo.files import write_atomically

from .comparison import curves, why_not_comparable
from .files import RUN_FILES, check_run, file_in, is_folder, read_json, read_text, read_yaml
from .lines import as_number
from .record import Evaluation, Record, Start, read_record

__all__ = ["RUN_FILES", "Evaluation", "Record", "Start", "as_number", "check_run", "curves", "file_in", "is_folder"]
__all__ += ["read_json", "read_record", "read_text", "read_yaml", "why_not_comparable", "write_atomically"]
