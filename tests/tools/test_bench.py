"""The tool that measures speed: same networks on all sides, loops that train, numbers that are put where they belong.

No time is judged here. ``tools/bench --quick`` does everything once; that is the slow test below.
"""

import importlib
import importlib.util
import itertools
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from ganzoo.errors import GanzooError, UserError

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))
command, fast, packages, page, pairs, peers, runs, textbook, workloads, child, evaluation = (
    importlib.import_module(f"benchmarks.speed.{name}")
    for name in ("command", "fast", "packages", "page", "pairs", "peers", "runs", "textbook", "workloads", "child", "evaluation")
)
put_into = command.put_into
CPU = torch.device("cpu")


@pytest.mark.parametrize("name", ["mlp", *(pytest.param(n, marks=pytest.mark.slow) for n in workloads.WORKLOADS if n != "mlp")])
def test_textbook_and_ganzoo_train_the_same_networks(name, tmp_path):
    counted = runs.run_child("flops", name, "fp32", 1, tmp_path)
    ours, theirs = counted["parameters"]
    assert ours == theirs > 1e6
    ours, theirs = counted["forward"]
    assert ours == theirs > 1e6
    # What the textbook computes on top is gradients that nobody uses.
    assert 1.0 <= sum(counted["textbook"].values()) / sum(counted["ganzoo"].values()) < 1.5


def test_the_loops_train():
    name = "wgan_gp_mlp"
    for batches in (textbook.steps(name, CPU, 16), fast.steps(name, CPU, "fp32", 16), fast.steps(name, CPU, "bf16", 16)):
        assert list(itertools.islice(batches, 6)) == [16] * 6
    found = child.measure(fast.steps(name, CPU, "fp32", 16), 4, CPU)
    assert found["images"] == 64
    assert found["seconds"] > 0


def test_the_loops_by_hand_update_both_networks():
    game = fast.Game("wgan_gp_mlp", CPU, "fp32", 8)
    # Biases before batch norm, and the critic's last, have a gradient of 0.
    weights = [p for network in (game.generator, game.critic) for p in network.parameters() if p.dim() > 1]
    before = [weight.clone() for weight in weights]
    for count, (real, label) in zip(range(5), game.batches(), strict=False):
        fast.wgan_gp(game, real, label, count)
    assert all(not torch.equal(a, b) for a, b in zip(before, weights, strict=True))
    assert all(weight.requires_grad for weight in weights)


@pytest.mark.parametrize("side", packages.PACKAGES)
def test_other_packages_train_where_they_are_installed(side, tmp_path):
    module, _ = packages.PACKAGES[side]
    if not importlib.util.find_spec(module):
        pytest.skip(f"{module} is not installed")
    found = runs.run_child(side, "dcgan64", "fp32", 1, tmp_path, "--batch", "4")  # what they import stays in a process of its own
    assert found["images"] == 4


def test_a_package_that_does_not_run_is_left_out_and_named(monkeypatch, tmp_path):
    (tmp_path / "pictures").mkdir()
    said = []

    def sample(side, *_):
        if side == "torchgan":
            raise GanzooError("a measurement failed with exit code 1: no module named sixth")
        return {"images": 64, "seconds": 1.0, "memory": 1e8}

    monkeypatch.setattr(pairs, "sides_of", lambda name, ways: [("textbook", "fp32"), ("torchgan", "fp32")])
    monkeypatch.setattr(pairs, "run_child", lambda *_: {"conv": 1e9, "matmul": 1e9})
    monkeypatch.setattr(pairs, "sample", sample)
    found = pairs.measure("dcgan64", ["fp32"], 2, tmp_path, True, said.append)
    assert list(found.rates) == [("textbook", "fp32")]
    assert [line for line in said if "torchgan" in line] == [
        "dcgan64: torchgan is left out: a measurement failed with exit code 1: no module named sixth"
    ]


def test_ganzoo_is_measured_between_two_lines_of_its_log(tmp_path):
    found = runs.run_ganzoo("mlp", "fp32", 2, tmp_path)
    assert found["images"] == 2 * 64
    assert 0 < found["seconds"] < 60
    assert found["memory"] > 50e6


def measured(ganzoo, fast_rates=(100.0, 110.0, 90.0)):
    return pairs.Measured(
        "mlp",
        rates={("textbook", "fp32"): [50.0, 55.0, 45.0], ("fast", "fp32"): list(fast_rates), ("ganzoo", "fp32"): ganzoo},
        floors={"fp32": [{"conv": 1e9, "matmul": 2e9}] * 3},
        memory={("textbook", "fp32"): 1e8, ("fast", "fp32"): 1e8, ("ganzoo", "fp32"): 2e8},
        flops={"parameters": [5, 5], "ganzoo": {"conv": 0.0, "matmul": 16e6}, "textbook": {"conv": 0.0, "matmul": 17e6}},
    )


def test_ratios_pair_the_rounds_and_give_their_spread():
    m = measured([90.0, 110.0, 81.0])
    assert m.ratio("ganzoo", "fp32", "fast", "fp32") == pytest.approx((0.9, 0.9, 1.0))
    assert m.ratio("ganzoo", "fp32", "textbook", "fp32") == pytest.approx((1.8, 1.8, 2.0))
    assert m.of_floor("ganzoo", "fp32") == pytest.approx(90 * 16e6 / 2e9)


def test_results_are_kept_for_a_later_page(tmp_path):
    assert pairs.Measured.load(tmp_path, "mlp") is None
    measured([90.0, 110.0, 81.0]).save(tmp_path)
    assert pairs.Measured.load(tmp_path, "mlp") == measured([90.0, 110.0, 81.0])


@pytest.mark.parametrize(("ganzoo", "verdicts"), [([95.0, 105.0, 86.0], ["met"] * 3), ([60.0] * 3, ["**missed**"] * 3)])
def test_the_page_holds_ratios_to_their_bars(ganzoo, verdicts):
    rows = page.ratio_rows({"mlp": measured(ganzoo)})
    assert [row[2] for row in rows] == ["ganzoo / textbook", "ganzoo / by hand", "ganzoo / floor"]
    assert [row[-1] for row in rows] == verdicts


def test_sections_are_replaced_and_the_rest_of_the_page_stays(tmp_path):
    file = tmp_path / "page.md"
    file.write_text("# A\n<!-- start: written by tools/bench -->\nold\n<!-- end of start -->\nrest\n")
    put_into(file, "start", "bench", "new")
    put_into(file, "start", "bench", "newer")
    assert file.read_text() == "# A\n<!-- start: written by tools/bench -->\n\nnewer\n\n<!-- end of start -->\nrest\n"
    with pytest.raises(UserError, match="no place for scale"):
        put_into(file, "scale", "bench", "x")


def test_the_page_has_a_place_for_every_part(tmp_path):
    text = (ROOT / "docs" / "benchmarks.md").read_text()
    for section in (*command.PARTS, "cuda"):
        assert f"<!-- {section}: written by tools/bench -->\n" in text
        assert f"<!-- end of {section} -->\n" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "dcgan"], "there is no 'dcgan'; did you mean 'dcgan64'?"),
        (["--part", "all"], "there is no 'all'"),
        (["--part", "peers"], "no script is given to measure"),
        (["--part", "peers", "--peer", "dcgan=nowhere"], "there is no file 'nowhere'"),
        (["--part", "threads", "--recipes", "quickstar"], "there is no recipe 'quickstar'; did you mean 'quickstart'?"),
        (["--rounds", "0"], "0 rounds are asked for"),
        (["--seconds", "0"], "0.0 seconds are asked for"),
        *([] if torch.cuda.is_available() else [(["--device", "cuda"], "torch finds no CUDA device here")]),
    ],
)
def test_what_makes_no_sense_is_said_in_a_line(arguments, said, capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["bench", *arguments])
    assert command.main() == 2
    error = capsys.readouterr().err
    assert error.startswith("bench: error: ")
    assert said in error
    assert error.count("\n") == 1


def test_the_trace_is_that_of_the_matrix_square_root():
    *_, difference = evaluation.compare_traces(96)
    assert difference < 1e-6


def test_the_run_that_a_gpu_is_measured_with_trains():
    """Here on the CPU and with small networks; all but its device is what ``tools/bench --device cuda`` trains."""
    cuda, loop, meter = (importlib.import_module(name) for name in ("benchmarks.speed.cuda", "ganzoo.engine.loop", "ganzoo.engine.meter"))
    components = workloads.WORKLOADS["wgan_gp64"].config.replace("width: 64", "width: 4")
    run = cuda.noise_run(components, 4, CPU, graphs=True)
    loop.Loop(run, meter.Meter()).step()
    assert run.step == 1
    assert run.batches.position == 5 * run.batches.size


@pytest.mark.parametrize(
    ("card", "bar", "verdict"),
    [
        ("NVIDIA H200", "80,000 images/s, 2 times eager, no wait", "**missed**"),
        ("NVIDIA H100 80GB HBM3", "2 times eager, no wait, H200: 80,000 images/s", "met"),
    ],
)
def test_the_bars_of_an_h200_are_held_against_an_h200_alone(card, bar, verdict):
    cuda = importlib.import_module("benchmarks.speed.cuda")
    found = {side: cuda.Found(rate, 0.0, 1e9) for side, rate in (("textbook", 1e4), ("eager", 2e4), ("graphs", 5e4))}
    assert [row[-2:] for row in cuda.rows_of("dcgan64", 64, found, card)] == [("-", "-"), ("-", "-"), (bar, verdict)]


def test_a_gpus_loops_are_measured_for_the_time_that_is_given():
    cuda = importlib.import_module("benchmarks.speed.cuda")
    steps = itertools.repeat(64)
    found = cuda.timed(steps, CPU, cuda.Effort(seconds=0.05, warm_up=1, between=1))
    assert found.rate > 64 / 0.05


def test_paths_are_no_part_of_the_command_that_a_page_shows():
    given = ["--only", "mlp", "--work", "x", "--page=y", "--seeds=0,1", "--quick"]
    assert command.without_paths(given, command.PATHS) == ["--only", "mlp", "--seeds=0,1", "--quick"]


def test_a_script_of_another_collection_is_measured_between_two_lines_of_its_log(tmp_path):
    script = tmp_path / "script.py"
    work = "for i in range(500):\n    sum(range(100_000)); print(f'[Epoch 0/1] [Batch {i}/500] loss')\n"
    script.write_text("import pathlib\nassert pathlib.Path('../../data/mnist/MNIST/raw/train-images-idx3-ubyte').exists()\n" + work)
    (tmp_path / "data" / "mnist" / "MNIST" / "raw").mkdir(parents=True)
    (tmp_path / "data" / "mnist" / "MNIST" / "raw" / "train-images-idx3-ubyte").touch()
    (tmp_path / "a" / "script").mkdir(parents=True)
    rate = peers.rate_of_script(peers.PEERS["gan"], script, 20, tmp_path)
    assert 64 / 1 < rate < 64 / 1e-4  # a line takes some milliseconds
    script.write_text("print('[Batch 0/500]')\nraise SystemExit('no such data')\n")
    with pytest.raises(GanzooError, match="ended before it was measured: no such data"):
        peers.rate_of_script(peers.PEERS["gan"], script, 20, tmp_path)


@pytest.mark.slow
def test_the_whole_of_it_runs(tmp_path):
    """About ten minutes of one core."""
    before = (ROOT / "docs" / "benchmarks.md").read_text()
    done = subprocess.run([ROOT / "tools" / "bench", "--quick"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for name in workloads.WORKLOADS:
        assert f"`{name}`" in done.stdout
    assert "is left as it is" in done.stdout
    assert (ROOT / "docs" / "benchmarks.md").read_text() == before
