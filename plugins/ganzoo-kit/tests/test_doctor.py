"""``ganzoo doctor``: what a bug report needs, whatever is broken, and nothing private."""

import importlib.metadata
import json
import sys

import pytest
import torch

from ganzoo.cli import invoke
from ganzoo.registry import Registry


def test_it_says_what_a_bug_report_needs(capsys):
    assert invoke(["doctor", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts.keys() >= {"ganzoo-core", "python", "platform", "torch", "cuda", "gpus", "cpu", "cache", "disk", "packages", "plugins"}
    assert facts["packages"]["torch"] == importlib.metadata.version("torch")
    assert "GB free" in facts["cache"]
    assert "GB free" in facts["disk"]
    assert set(facts["plugins"].values()) == {"ok"}
    assert invoke(["doctor"]) == 0
    text = capsys.readouterr().out
    assert all(f"  {name} " in text for name in (*facts["packages"], *facts["plugins"]))
    assert all(key in text for key in facts)


def test_it_shortens_the_home_folder_and_tells_no_secret(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path / "anna"))
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "anna/cache"))
    monkeypatch.setenv("WANDB_API_KEY", "s3cret")
    (tmp_path / "anna").mkdir()
    assert invoke(["doctor"]) == 0
    text = capsys.readouterr().out
    assert "~/cache (" in text
    assert "anna" not in text
    assert "s3cret" not in text


@pytest.mark.parametrize(("found", "said"), [({"avx512_bf16": True}, True), ({"amx_bf16": True}, True), ({"avx2": True}, False)])
def test_it_says_where_the_processor_computes_bf16(found, said, monkeypatch, capsys):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: found)
    assert invoke(["doctor", "--json"]) == 0
    assert ("bf16 (train.precision: bf16)" in json.loads(capsys.readouterr().out)["cpu"]) == said


def test_it_answers_where_torch_is_broken(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "torch", None)
    assert invoke(["doctor", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["torch"].startswith("BROKEN: ModuleNotFoundError: ")
    assert facts["plugins"]


def test_it_says_why_a_plugin_is_broken(monkeypatch, capsys):
    class Broken:
        name, value, group = "broken", "ganzoo_not_there", "ganzoo"
        dist = importlib.metadata.distribution("pytest")

        def load(self):
            raise ImportError("no such thing")

    found = Registry([*importlib.metadata.entry_points(group="ganzoo"), Broken()])
    monkeypatch.setattr(Registry, "installed", classmethod(lambda cls: found))
    assert invoke(["doctor", "--json"]) == 0
    assert "BROKEN: ImportError: no such thing" in json.loads(capsys.readouterr().out)["plugins"].values()
