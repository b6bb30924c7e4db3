"""The helpers are found from the repository and, alone, from the sdist; there, tests that need other plugins or documents are left out."""

import importlib.util
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).with_name("helpers")))
if importlib.util.find_spec("ganzoo_vanilla") is None:
    others = "check_environment check_plugin crossing departures double_backward every_size from_a_file known_faults new_plugin pairs_train"
    more = "schema_of_stand_ins shipped_losses shipped_parameters stand_ins_for_a_gpu testing"
    collect_ignore = [f"test_{name}.py" for name in (*others.split(), *more.split())]
