"""``tools/same_weights``: one changed bit is seen, and which recipe it is in is said."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tool(monkeypatch):
    """The modules ``command`` and ``recipes`` of the tool; trainings end with made hashes."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    from weights import command, recipes

    monkeypatch.setattr(command, "weights_of", lambda tree, names, *_: {name: f"hash of {name}" for name in names})
    return command, recipes


def test_its_nine_recipes_are_shipped(tool):
    assert len(tool[1].RECIPES) == 9
    assert {path.stem for path in (ROOT / "zoo_configs").glob("*.yaml")} >= tool[1].RECIPES.keys()


def test_the_same_weights_are_said_to_be(tool, tmp_path, capsys):
    assert tool[0].main(["--write", str(tmp_path / "kept.json")]) == 0
    assert tool[0].main(["--read", str(tmp_path / "kept.json")]) == 0
    assert capsys.readouterr().out.endswith("all 9 are the same\n")


def test_a_recipe_that_differs_is_named(tool, tmp_path, capsys):
    assert tool[0].main(["--write", str(tmp_path / "kept.json")]) == 0
    kept = json.loads((tmp_path / "kept.json").read_text())
    kept["weights"]["quickstart"] = "another"
    (tmp_path / "kept.json").write_text(json.dumps(kept))
    assert tool[0].main(["--read", str(tmp_path / "kept.json")]) == 1
    assert capsys.readouterr().out.endswith("1 of 9 differ: quickstart\n")


def test_hashes_of_another_torch_are_not_compared(tool, tmp_path, capsys):
    assert tool[0].main(["--write", str(tmp_path / "kept.json")]) == 0
    kept = json.loads((tmp_path / "kept.json").read_text())
    kept["made_with"]["torch"] = "1.0"
    (tmp_path / "kept.json").write_text(json.dumps(kept))
    assert tool[0].main(["--read", str(tmp_path / "kept.json")]) == 2
    assert "use --against" in capsys.readouterr().err


@pytest.mark.parametrize(
    "changed",
    [
        {"a": torch.tensor([1.0, 2.0]), "b": torch.tensor([[3.0, 4.0]])},
        {"a": torch.tensor([1.0, 2.0]), "c": torch.tensor([3.0, 4.0])},
        {"a": torch.tensor([1.0, 2.0]), "b": torch.tensor([3.0, torch.nextafter(torch.tensor(4.0), torch.tensor(5.0))])},
        {"a": torch.tensor([1.0, -2.0]), "b": torch.tensor([3.0, 4.0])},
    ],
    ids=["shape", "name", "last bit", "sign"],
)
def test_the_hash_is_that_of_names_shapes_and_bits(tool, changed, tmp_path):
    def hash_of(state):
        save_file(state, tmp_path / "generator.safetensors")
        return tool[1].hash_of([tmp_path / "generator.safetensors"])

    held = {"a": torch.tensor([1.0, 2.0]), "b": torch.tensor([3.0, 4.0])}
    assert hash_of(held) == hash_of(dict(reversed(held.items())))
    assert hash_of(changed) != hash_of(held)
