"""What a sweep refuses: all of it in one line with its place, before anything is trained."""

from pathlib import Path

import pytest
from ganzoo_sweep.settings import read_sweep
from sweeps import BASE, write

from ganzoo.cli import invoke
from ganzoo.errors import UserError


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("config: base.yaml\ngird: {}\n", "sweep.yaml:2", "gird: there is no such key; did you mean 'grid'?"),
        ("grid: {}\n", "sweep.yaml:1", "config: is missing"),
        ("config: base.yaml\ngrid:\n  train.steps: 5\n", "sweep.yaml:3", "grid.train.steps: expects a list of one value or more"),
        ("config: base.yaml\ngrid: {train.steps: []}\n", "sweep.yaml:2", "expects a list of one value or more"),
        ("config: base.yaml\nset:\n  a: 1\ngrid:\n  a: [1]\n", "sweep.yaml:5", "'a' stands under 'set' already"),
        ("config: base.yaml\ngrid:\n  train.seed: [1]\n", "sweep.yaml:3", "write 'seeds: [0, 1, 2]'"),
        ("config: base.yaml\nset: {a: 1}\nsettings:\n- a: 2\n", "sweep.yaml:4", "settings.0.a: 'a' is set elsewhere"),
        ("config: base.yaml\nsettings:\n- a: 1\n- b: 2\n", "sweep.yaml:4", "settings.1: names other keys than the first"),
        ("config: base.yaml\nsettings:\n- train.seed: 1\n", "sweep.yaml:3", "write 'seeds: [0, 1, 2]'"),
        ("config: base.yaml\nrandom:\n  a: {}\ndraws: 1\n", "sweep.yaml:3", "says nothing to draw from"),
        ("config: base.yaml\nrandom:\n  a: {uniform: [0, 1], choice: [1]}\ndraws: 1\n", "sweep.yaml:3", "at once"),
        ("config: base.yaml\nrandom:\n  a: {uniform: [2, 1]}\ndraws: 1\n", "sweep.yaml:3", "is not below"),
        ("config: base.yaml\nrandom:\n  a: {log_uniform: [0, 1]}\ndraws: 1\n", "sweep.yaml:3", "is not above 0"),
        ("config: base.yaml\nrandom:\n  a: {normal: [0, 1]}\ndraws: 1\n", "sweep.yaml:3", "there is no such key"),
        ("config: base.yaml\nrandom: {a: {choice: [1]}}\n", "sweep.yaml:2", "goes with 'draws'"),
        ("config: base.yaml\ndraws: 3\n", "sweep.yaml:2", "goes with 'random'"),
        ("config: base.yaml\nseeds: [1, 1]\n", "sweep.yaml:2", "the same trial is listed twice"),
        ("config: base.yaml\nseeds: [-1]\n", "sweep.yaml:2", "seeds.0: expects an integer >= 0"),
        ("config: base.yaml\nbest: {value: modes, goal: most}\n", "sweep.yaml:2", "best.goal: expects min or max"),
        (
            "config: base.yaml\nbest: {value: fid, goal: min}\n",
            "sweep.yaml:2",
            "'fid' is not measured; metrics of the configuration: modes",
        ),
        (
            "config: base.yaml\nbest: {value: modes/high_qualty, goal: max}\n",
            "sweep.yaml:2",
            "'modes/high_qualty' is not measured; did you mean 'modes/high_quality'?",
        ),
        ("config: bsae.yaml\n", "bsae.yaml", "there is no such file; did you mean 'base.yaml'?"),
        ("config: base.yaml\ngrid:\n  train.steps: [4, ten]\n", "sweep.yaml:3", "train.steps: expects an integer > 0"),
        ("config: base.yaml\nset:\n  generator.hiden: [4]\n", "sweep.yaml:3", "did you mean 'hidden'?"),
        ("config: base.yaml\ngrid:\n  loss:\n  - wasserstein\n  - hinges\n", "sweep.yaml:5", "'hinges' is not an installed loss"),
        ("[1]\n", "sweep.yaml:1", "a sweep is a mapping of keys"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_with_its_place(text, where, words, capsys):
    write(text)
    assert invoke(["sweep", "sweep.yaml", "--quiet"]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"ganzoo: error: {where}: ")
    assert words in error
    assert len(error.splitlines()) == 1
    assert not Path("runs").exists()


def test_the_last_of_many_trials_is_checked_before_the_first_is_trained(capsys):
    write(
        "{data: digits, generator: {name: mlp, hidden: [4]}, critic: {name: dcgan, width: 2, norm: none}, loss: wasserstein}", "base.yaml"
    )
    write("config: base.yaml\ngrid:\n  critic.norm: [none, batch]\n  loss: [wasserstein, [wasserstein, gradient_penalty]]\n")
    assert invoke(["sweep", "sweep.yaml", "--quiet"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("ganzoo: error: sweep.yaml:4: loss.1: ")
    assert "which mixes the batch" in error
    assert not Path("runs").exists()


def test_a_trial_whose_later_steps_do_not_fit_is_found_before_the_first_is_trained(capsys):
    write(BASE + "schedule: {name: pretrain, share: 0.5, losses: [wasserstein]}\n", "base.yaml")
    write("config: base.yaml\ngrid:\n  schedule.then: [[wasserstein], [hinge]]\n")
    assert invoke(["sweep", "sweep.yaml", "--quiet"]) == 2
    assert "schedule: the schedule acts by a loss 'hinge' from step 2 on, which is none of the run's" in capsys.readouterr().err
    assert not Path("runs").exists()


def test_too_many_trials_are_taken_for_a_mistake(capsys):
    many = list(range(200))
    write(f"{{config: base.yaml, grid: {{a: {many}, b: {many}}}}}")
    assert invoke(["sweep", "sweep.yaml"]) == 2
    assert "makes 40000 trials" in capsys.readouterr().err


def test_a_run_directory_is_no_place_for_a_sweep(capsys):
    Path("run").mkdir()
    Path("run/config.yaml").touch()
    write("config: base.yaml")
    assert invoke(["sweep", "sweep.yaml", "--out", "run"]) == 2
    assert "run is a run directory" in capsys.readouterr().err


def test_a_file_that_is_missing_is_said(capsys):
    with pytest.raises(UserError):
        read_sweep(Path("nowhere.yaml"))
