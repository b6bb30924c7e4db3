"""A plugin that only these tests hold, installed into a fresh environment, trains with no change to the core."""

import json
import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import forked
import pytest
import yaml

HERE = Path(__file__).parent
PROJECT = HERE / "third_party" / "ganzoo-paired"
CONFIG = yaml.safe_load((PROJECT / "ganzoo_paired/recipes/squares.yaml").read_text())


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """A virtual environment of its own that sees this one's packages, with the plugin installed into it."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    purelib = Path(subprocess.check_output([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True).strip())
    # A .pth line runs the outer site's own .pth files too, so editable installs are seen.
    outer = sysconfig.get_path("purelib")
    (purelib / "outer.pth").write_text(f"import site; site.addsitedir({outer!r})\n")
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "--no-build-isolation", "--no-index", PROJECT],
        check=True,
    )
    return python


def ganzoo(python, *arguments, cwd):
    environment = {**os.environ, "GANZOO_CACHE": str(cwd / "cache")}
    return subprocess.run([python, "-m", "ganzoo", *map(str, arguments)], cwd=cwd, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def there(environment):
    """The command where the plugin is installed, without importing torch once more: in a process that looks into that environment."""
    look = f"import site; site.addsitedir({str(next(environment.parents[1].glob('lib/*/site-packages')))!r})"

    def call(*arguments, cwd):
        return forked.ganzoo(*arguments, before=f"os.chdir({str(cwd)!r}); {look}", GANZOO_CACHE=str(cwd / "cache"))

    return call


def test_it_is_listed_with_its_distribution_only_where_it_is_installed(environment, tmp_path):
    listed = ganzoo(environment, "list", cwd=tmp_path).stdout
    assert "ganzoo-paired 0.3.0" in listed
    assert "translate" in listed
    assert "translate" not in ganzoo(sys.executable, "list", cwd=tmp_path).stdout


def test_its_recipe_trains_with_its_own_data_is_measured_and_observed(environment, there, tmp_path):
    done = ganzoo(environment, "run", "ganzoo-paired:squares", "--out", "run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "leaked" not in done.stderr  # extension modules look around at the end
    assert (tmp_path / "run/samples/step-00000040.png").exists()
    diary = (tmp_path / "run/diary.txt").read_text().splitlines()
    assert diary[0] == "started"
    assert diary[-1] == "finished"
    assert "generator/l1" in diary[1]
    (measured,) = [line for line in diary if line.startswith("brightness ")]
    assert "brightness_gap" in measured
    events = [json.loads(line) for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    (evaluated,) = [event for event in events if event["event"] == "evaluated"]
    assert 0 <= evaluated["values"]["brightness_gap"] <= 2
    assert "ganzoo-paired/translate" in (tmp_path / "run/config.yaml").read_text()
    assert there("read-diary", "run", cwd=tmp_path).stdout.splitlines() == diary
    sampled = there("sample", "run", "-n", "9", "--npz", "out.npz", cwd=tmp_path)
    assert sampled.returncode == 0, sampled.stderr


def test_it_learns(there, tmp_path):
    """The L1 term falls: the source reaches the generator, and the generator's updates help."""
    (tmp_path / "paired.yaml").write_text(yaml.safe_dump(CONFIG | {"optimizer": {"generator": {"name": "adam", "lr": 0.01}}}))
    assert there("run", "paired.yaml", "--out", "run", "-o", "train.steps=100", cwd=tmp_path).returncode == 0
    lines = [json.loads(line) for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    l1 = [line["generator/l1"] for line in lines if line["event"] == "log"]
    assert l1[-1] < 0.7 * l1[0]


def test_unpaired_data_is_refused_with_the_reason(there, tmp_path):
    (tmp_path / "paired.yaml").write_text(yaml.safe_dump(CONFIG | {"data": "digits", "generator": "dcgan"}))
    done = there("check", "paired.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert "source" in done.stderr
    assert "Traceback" not in done.stderr


def test_its_command_shows_in_help_with_the_distribution_that_it_comes_from(environment, tmp_path):
    shown = ganzoo(environment, "--help", cwd=tmp_path).stdout
    looking = shown.partition("\nLook at runs:\n")[2].partition("\n\n")[0]
    assert re.search(r"^  read-diary +Print the diary of a run\. \(ganzoo-paired\)$", looking, re.MULTILINE)
    assert "read-diary" not in ganzoo(sys.executable, "--help", cwd=tmp_path).stdout


def test_its_optimizer_trains_and_a_wrong_parameter_is_refused_at_its_line(there, tmp_path):
    lines = "optimizer:\n  generator: adam\n  critic:\n    name: signs\n    lr: 0.002\n"
    (tmp_path / "paired.yaml").write_text(lines + yaml.safe_dump(CONFIG))
    done = there("run", "paired.yaml", "--out", "run", "-q", "-o", "train.steps=3", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "critic: {name: ganzoo-paired/signs, lr: 0.002, largest: 1.0}" in (tmp_path / "run/config.yaml").read_text()
    for wrong, said in {
        "-1": "paired.yaml:5: optimizer.critic.lr: expects a number > 0",
        "2": "paired.yaml:5: optimizer.critic.lr: the rate is above 1.0; lower it, or raise largest",
    }.items():
        (tmp_path / "paired.yaml").write_text(lines.replace("0.002", wrong) + yaml.safe_dump(CONFIG))
        done = there("run", "paired.yaml", "--out", "other", cwd=tmp_path)
        assert done.returncode == 2
        assert said in done.stderr
        assert not (tmp_path / "other").exists()
