"""Two small runs, trained once, and what ``ganzoo sample`` gives and refuses."""

from pathlib import Path

import numpy as np
import pytest
from small_runs import train_both

from ganzoo.cli import invoke


@pytest.fixture(scope="package")
def runs(tmp_path_factory):
    return train_both(tmp_path_factory.mktemp("runs"))


@pytest.fixture
def sample(capsys):
    """``ganzoo sample`` into s.npz, as a dictionary of arrays."""

    def call(run, *arguments, n=20):
        assert invoke(["sample", str(run), "-n", str(n), "--npz", "s.npz", *map(str, arguments)]) == 0, capsys.readouterr().err
        with np.load("s.npz", allow_pickle=False) as arrays:
            return dict(arrays)

    return call


@pytest.fixture
def refused(capsys):
    """The one line that ``ganzoo sample`` refuses its arguments with."""

    def call(run, *arguments):
        code = invoke(["sample", str(run), "--npz", "refused.npz", *map(str, arguments)])
        err = capsys.readouterr().err
        assert code == 2, err
        assert err.count("\n") == 1
        assert err.startswith("ganzoo: error: ")
        assert not Path("refused.npz").exists()
        return err

    return call
