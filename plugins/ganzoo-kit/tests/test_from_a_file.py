"""A plugin of one file: checked by the kit as it is, and made into a package that gives the same."""

import pytest
from margin_file import MARGIN, RING

from ganzoo.cli import invoke


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with the plugin and a configuration, for a user who has trained with no plugin of one file yet."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "margin.py").write_text(MARGIN)
    (tmp_path / "ring.yaml").write_text(RING)
    return tmp_path


def test_the_kit_runs_on_the_file(here, capsys):
    assert invoke(["check", "margin.py"]) == 0
    said = capsys.readouterr()
    assert "checks passed" in said.out
    assert "checks: usually" in said.err
    (here / "margin.py").write_text(MARGIN.replace('return {"adversarial": -', 'return {"adversarial": '))
    assert invoke(["check", "margin.py", "-q"]) == 2
    assert "loss margin: signs" in capsys.readouterr().err


def test_the_package_is_made_from_the_file_and_gives_the_same(here, capsys):
    (here / "margin.py").write_text(f"import numpy\n\n{MARGIN}\n\nclass SoftMargin(Margin):\n    pass\n")
    assert invoke(["new-plugin", "margins", "--from", "margin.py"]) == 0
    project = here / "ganzoo-margins"
    assert (project / "ganzoo_margins/margins.py").read_text() == (here / "margin.py").read_text()
    assert '"torch>=2.6", "numpy"]' in (project / "pyproject.toml").read_text()
    assert "mean max(0, 1 - r)" in (project / "README.md").read_text()
    entry_point = {}
    exec((project / "ganzoo_margins/__init__.py").read_text(), entry_point)
    assert entry_point["ganzoo_losses"]() == {
        "margin": "ganzoo_margins.margins:Margin",
        "soft_margin": "ganzoo_margins.margins:SoftMargin",
    }
    recipe = next((project / "ganzoo_margins/recipes").glob("*.yaml"))
    assert invoke(["check", str(recipe), "--plugin", "margin.py", "-q"]) == 0
    compile((project / "tests/test_margins.py").read_text(), "tests", "exec")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--from", "margin.py", "--kind", "loss"], "the file says what it gives"),
        ([], "name a kind with --kind, or a file with --from"),
        (["--from", "away.py"], "cannot be read"),
        (["--from", "margin.py", "--out", "."], "exists already"),
    ],
)
def test_what_cannot_become_a_package_is_refused(words, said, here, capsys):
    assert invoke(["new-plugin", "margins", *words]) == 2
    assert said in capsys.readouterr().err
    assert not (here / "ganzoo-margins").exists()
