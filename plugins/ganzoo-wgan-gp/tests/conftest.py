"""The helpers of these tests, from the repository and, alone, from the sdist."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).with_name("helpers")))
