"""The command, called in the process of the tests."""

import pytest

from ganzoo.cli import invoke


@pytest.fixture
def ganzoo(capsys):
    """The command in this process: returns what it printed to stdout, having seen that it ended well and quietly."""

    def call(*arguments, code=0):
        found = invoke([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert found == code, err
        assert "Traceback" not in out + err
        return out

    return call
