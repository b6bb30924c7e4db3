"""The helpers are found from the repository and, alone, from the sdist; there, tests that need other plugins or documents are left out."""

import importlib.util
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).with_name("helpers")))
if importlib.util.find_spec("ganzoo_vanilla") is None:
    collect_ignore = ["test_check_environment.py", "test_check_plugin.py", "test_crossing.py", "test_new_plugin.py", "test_testing.py"]
