"""What the tests here may use: comparing what two runs hold."""

import pytest


@pytest.fixture(autouse=True, scope="session")
def _no_state_of_the_user(tmp_path_factory):
    """What is noted of plugins of one file goes elsewhere, and so does what is kept of data."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANZOO_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(scope="session")
def _own_threads():
    """torch's number of threads before any run. It is imported here: the process that only hands tests out needs none."""
    import torch

    return torch.get_num_threads()


@pytest.fixture(autouse=True)
def _threads(_own_threads):
    """Put torch's number of threads back: a run sets that of the whole process."""
    import torch

    yield
    torch.set_num_threads(_own_threads)


@pytest.fixture
def differing():
    """``differing(a, b)``: the paths of all leaves in which two states differ, tensors compared bit for bit.

    A run's identity, which no two runs have in common, is left out.
    """
    import torch

    def compare(a, b, path=""):
        if isinstance(a, dict) and isinstance(b, dict):
            if not path:
                a, b = ({key: value for key, value in state.items() if key != "run"} for state in (a, b))
            lacking = [f"{path}.{key}" for key in sorted(a.keys() ^ b.keys(), key=str)]
            return lacking + [found for key in a.keys() & b.keys() for found in compare(a[key], b[key], f"{path}.{key}")]
        if isinstance(a, list | tuple) and isinstance(b, list | tuple) and len(a) == len(b):
            return [found for i, pair in enumerate(zip(a, b, strict=True)) for found in compare(*pair, f"{path}.{i}")]
        if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
            return [] if a.dtype == b.dtype and torch.equal(a, b) else [path]
        return [] if type(a) is type(b) and a == b else [path]

    return compare
