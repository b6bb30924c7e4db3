"""Checkpoints that were cut, flipped or zeroed: none is loaded, the one before it is, with a notice."""

import random
from pathlib import Path

import pytest

from ganzoo.rundir import checkpoint


def cut(content, chance):
    return content[: chance.randrange(len(content))]


def flip(content, chance):
    position = chance.randrange(len(content))
    return content[:position] + bytes([content[position] ^ 1 << chance.randrange(8)]) + content[position + 1 :]


def zero(content, chance):
    size = chance.choice([512, 4096])
    start = chance.randrange(0, len(content), 512)
    zeroed = content[:start] + bytes(len(content[start : start + size])) + content[start + size :]
    return zeroed if zeroed != content else zero(content, chance)


DAMAGES = {"truncations": (cut, 300), "bit flips": (flip, 300), "zeroed blocks": (zero, 100)}


@pytest.fixture
def saved(train):
    """A run's two checkpoints, the newest first."""
    train("out", "train.steps=8")
    return checkpoint.existing(Path("out/checkpoints"))


@pytest.mark.parametrize("kind", DAMAGES)
@pytest.mark.promise("Hostile input", "Damaged checkpoints are never loaded; the one before is, with a notice")
def test_a_damaged_checkpoint_is_never_loaded(kind, saved, found):
    damage, count = DAMAGES[kind]
    newest, before = saved
    content, chance, silent = newest.read_bytes(), random.Random(count), 0
    for _ in range(count):
        newest.write_bytes(damage(content, chance))
        said = []
        path, state = checkpoint.load(newest.parent, said.append)
        silent += path == newest
        assert (path, state["step"], len(said)) == (before, 4, 1)
        assert said[0].startswith(str(newest))
        assert said[0].endswith("falling back to the checkpoint before it")
    assert silent == 0
    found(f"{count} {kind}: {silent} loaded")


def test_the_command_says_so_and_goes_on(saved, train, left, whole, differing):
    saved[0].write_bytes(zero(saved[0].read_bytes(), random.Random(0)))
    assert "falling back to the checkpoint before it" in train("out", resume=True)
    assert differing(whole, left("out").state) == []


FORGED = {
    "nothing": {},
    "a list": [1, 2],
    "a step that is a word": {"step": "seven"},
    "no random numbers": {"random": None},
    "networks of another kind": {"networks": {"generator": [1], "critic": {}}},
    "optimizers of another kind": {"optimizers": {"generator": 3, "critic": None}},
}


def test_a_whole_file_with_another_content_is_refused_in_words(saved, train):
    """The checksum tells damage, not intent: what a stranger wrote is refused as well, if it is no state."""
    state = checkpoint.decode(saved[0].read_bytes(), "file")
    for name, other in FORGED.items():
        for path in saved:
            path.write_bytes(checkpoint.encode(state | other if other and isinstance(other, dict) else other))
        said = train("out", resume=True, code=2)
        assert "unexpected" not in said, name
        assert said.splitlines()[-1].startswith("ganzoo: error: ")
