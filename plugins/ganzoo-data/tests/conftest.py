"""The conformance kit finds a dozen samples of each data set, in the layout that it is published in."""

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
