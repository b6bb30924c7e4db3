"""What the tests of data sets share, from the repository and, alone, from the sdist. The conformance kit finds a dozen samples of each."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).with_name("helpers")))


@pytest.fixture(scope="session")
def samples(tmp_path_factory):
    """A folder with small data under the roots that the constructors look in."""
    from stand_ins import WRITE

    folder = tmp_path_factory.mktemp("samples")
    for name, write in WRITE.items():
        write(folder / "data" / name)
    return folder


@pytest.fixture(autouse=True)
def _data_sets_find_samples(request, monkeypatch):
    if request.node.name.startswith("test_conformance[dataset-"):
        monkeypatch.chdir(request.getfixturevalue("samples"))


@pytest.fixture
def found(record_property):
    """Put a figure on record: ``found("200 kills: 0 lost")``."""
    return lambda text: record_property("found", text)
