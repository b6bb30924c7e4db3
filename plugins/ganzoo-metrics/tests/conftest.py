"""What the tests of the metrics share; they run from the repository and, alone, from the sdist."""

import importlib.util
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).with_name("helpers")))
if importlib.util.find_spec("ranks_at_work") is None:  # of the repository
    collect_ignore = ["test_shared_samples.py"]


@pytest.fixture(scope="session")
def inception_weights(tmp_path_factory):
    """(path, sha256): random weights of FID's Inception."""
    pytest.importorskip("pytorch_fid")
    from random_inception import write_inception

    return write_inception(tmp_path_factory.mktemp("inception"))
