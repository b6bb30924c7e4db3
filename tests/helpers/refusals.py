"""The command refuses what it is given in one line, and leaves no file behind."""

from pathlib import Path

from ganzoo.cli import invoke

GOOD = {
    "data": "{name: digits, size: 28}",
    "generator": "{name: dcgan, width: 4, latent_dim: 4}",
    "critic": "{name: dcgan, width: 4, norm: none}",
    "loss": "non_saturating",
    "train": "{steps: 2, batch_size: 8, device: cpu, threads: 1}",
}


def configuration(**changes):
    """GOOD, one key a line, with ``changes``; None leaves a key out."""
    return "".join(f"{key}: {value}\n" for key, value in {**GOOD, **changes}.items() if value is not None)


def files():
    return sorted(str(path) for path in Path().rglob("*"))


def refused(capsys, *arguments):
    """Run the command, see that it is refused as every error is, and return the line without its beginning."""
    before = files()
    code = invoke([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    assert code == 2, err
    assert err.startswith("ganzoo: error: ")
    assert err.endswith("\n")
    assert err.count("\n") == 1
    assert "Traceback" not in err + out
    assert files() == before
    return err.removeprefix("ganzoo: error: ").rstrip("\n")
