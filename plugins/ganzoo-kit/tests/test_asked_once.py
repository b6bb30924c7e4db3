"""Asking for a million plans takes seconds, and so do dry runs: a command does both at most once."""

import importlib

from small_runs import CONFIGS

from ganzoo.builtins.schedules import Alternate
from ganzoo.cli import invoke

STEPS = 50
RUN = ["run", "ring.yaml", "--out", "run", "--quiet", "-o", f"train.steps={STEPS}"]
COMMANDS = [
    (["check", "ring.yaml", "-o", f"train.steps={STEPS}"], STEPS, 1),
    (RUN, 2 * STEPS, 1),  # before the first step, and at each
    ([*RUN, "--resume"], STEPS, 1),
    ([*RUN, "--resume", "-o", f"train.steps={STEPS + 10}"], STEPS + 20, 1),
    (["sample", "run", "-n", "2", "--npz", "samples.npz"], 0, 0),
    (["eval", "run", "--metric", "{name: modes, samples: 12}", "--quiet"], 0, 0),
    (["report", "run"], 0, 0),
    (["export", "run", "--to", "torch", "--out", "generator.pt2"], 0, 0),
]
"""A command, the plans that it may ask for, and its dry runs."""


def test_a_command_asks_for_each_plan_and_tries_it_at_most_once(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ring.yaml").write_text(CONFIGS["ring"])
    asked, tried, checking = [], [], importlib.import_module("ganzoo.compat.check")
    plan, dry_run = Alternate.plan, checking.dry_run
    monkeypatch.setattr(Alternate, "plan", lambda self, step, total: asked.append(step) or plan(self, step, total))
    monkeypatch.setattr(checking, "dry_run", lambda *given: tried.append(1) or dry_run(*given))
    for command, plans, dry_runs in COMMANDS:
        asked.clear(), tried.clear()
        assert invoke(command) == 0, capsys.readouterr().err
        # A few more: that of the kind which is tried, those that samples are made by.
        assert (plans <= len(asked) < plans + STEPS // 2, len(tried)) == (True, dry_runs), (command, len(asked))
