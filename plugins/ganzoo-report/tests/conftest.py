"""What the tests of the report share; they run from the repository and, alone, from the sdist."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).with_name("helpers")))
