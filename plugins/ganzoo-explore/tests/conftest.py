"""From the sdist alone, tests that train what plugins give are left out."""

import importlib.util

import pytest

if importlib.util.find_spec("ganzoo_acgan") is None:
    collect_ignore = [f"test_{name}.py" for name in ("compare", "export", "interpolate", "neighbours", "pack", "pack_elsewhere", "replay")]


@pytest.fixture(scope="session")
def inception_weights(tmp_path_factory):
    """(path, sha256): random weights of FID's Inception."""
    pytest.importorskip("pytorch_fid")
    from random_inception import write_inception

    return write_inception(tmp_path_factory.mktemp("inception"))
