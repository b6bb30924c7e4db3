"""Decoding that is killed or told to stop goes on where it was, and ends with the pixels of one that nobody disturbed.

Two moments of each signal here; ``-m slow`` has 25, and the command itself.
"""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from cached_images import decoded
from PIL import Image

COUNT = 120
CHILD = """
import sys, time
from pathlib import Path
import numpy as np
from ganzoo_data import decoding
from ganzoo.data.cache import Cache
from ganzoo.engine.signals import unwind_on_termination

decoding.CHUNK_IMAGES = 4
folder, record, seconds = Path(sys.argv[1]), open(sys.argv[2], "a"), float(sys.argv[3])

def decode(item):
    record.write(f"{item}\\n")
    record.flush()
    time.sleep(seconds)
    return np.random.default_rng(item).integers(0, 256, (3, 8, 8), np.uint8)

with unwind_on_termination():
    print("begins", flush=True)
    Cache(folder).images({"key": "k"}, range(int(sys.argv[4])), decode, (3, 8, 8))
"""
WANTED = np.stack([np.random.default_rng(item).integers(0, 256, (3, 8, 8), np.uint8) for item in range(COUNT)])


def start(folder: Path, record: Path, seconds: float) -> subprocess.Popen:
    command = [sys.executable, "-c", CHILD, str(folder), str(record), str(seconds), str(COUNT)]
    return popen(command)


def popen(command: list[str], **options) -> subprocess.Popen:
    """A process that heeds Ctrl-C, also where the tests themselves run in the background and were told not to."""
    heed = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **heed, **options)


def finish(folder: Path, record: Path) -> int:
    """Let another process end the work; how many images it had to decode."""
    process = start(folder, record, 0.0)
    output = process.communicate(timeout=120)
    assert process.returncode == 0, output
    (pixels,) = folder.glob("*.u8")
    np.testing.assert_array_equal(np.fromfile(pixels, np.uint8).reshape(WANTED.shape), WANTED)
    assert {path.suffix for path in folder.iterdir()} == {".u8", ".crc32", ".json", ".lock"}
    return len(record.read_text().split())


def interrupt(folder: Path, number: signal.Signals, chance: random.Random) -> None:
    """Send a signal to a build at a random moment, and see that the next one only does what was left."""
    moment = chance.randrange(COUNT // 2)
    folder.mkdir()
    process = start(folder / "cache", folder / "first", 0.02)
    assert process.stdout.readline() == "begins\n"
    while process.poll() is None and decoded(folder / "cache") < moment:
        time.sleep(0.001)
    done, sent = decoded(folder / "cache"), time.monotonic()
    assert process.poll() is None, "it was done before it could be interrupted: the machine is too busy for this test"
    process.send_signal(number)
    process.communicate(timeout=120)
    assert time.monotonic() - sent < 5  # it takes 0.1 s, but the machine may be busy
    assert process.returncode in {signal.SIGKILL: (-9,), signal.SIGTERM: (143,), signal.SIGINT: (-2,)}[number]
    assert finish(folder / "cache", folder / "second") <= COUNT - done


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM", "SIGINT"])
def test_a_build_that_is_interrupted_goes_on_where_it_was(name, tmp_path):
    chance = random.Random(0)
    for i in range(2):
        interrupt(tmp_path / str(i), signal.Signals[name], chance)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM", "SIGINT"])
@pytest.mark.promise("Kill it", "Decoding into the cache that is killed or told to stop goes on where it was, to the same pixels")
def test_a_build_that_is_interrupted_at_25_moments_goes_on_where_it_was(name, tmp_path, found):
    chance = random.Random(1)
    for i in range(25):
        interrupt(tmp_path / str(i), signal.Signals[name], chance)
    found(f"25 times {name}: 0 lost")


RECIPE = """
data: {name: folder, root: pictures, size: 16}
generator: {name: mlp, hidden: [8], latent_dim: 2}
critic: {name: mlp, hidden: [8]}
loss: non_saturating
train: {steps: 2, batch_size: 8, device: cpu, threads: 1}
"""


@pytest.mark.slow
@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGINT", 130)])
@pytest.mark.promise("Kill it", "A signal while the command decodes: it stops at once with 143 or 130, the next run decodes the rest")
def test_the_command_stops_while_it_decodes_and_decodes_the_rest_when_it_is_run_again(name, code, tmp_path, found):
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (400, 400, 3), np.uint8)).save(pictures / "0000.png")
    for number in range(1, 3000):
        os.link(pictures / "0000.png", pictures / f"{number:04}.png")
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    cache = tmp_path / "cache"
    environment = {**os.environ, "GANZOO_CACHE": str(cache), "CI": "1"}
    command = [sys.executable, "-m", "ganzoo", "run", "recipe.yaml", "--out", "run"]
    process = popen(command, cwd=tmp_path, env=environment)
    deadline = time.monotonic() + 300
    while decoded(cache) < 1:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    sent = time.monotonic()
    process.send_signal(signal.Signals[name])
    _, errors = process.communicate(timeout=120)
    assert process.returncode == code, errors
    took = time.monotonic() - sent
    assert took < 5
    assert "Traceback" not in errors
    again = subprocess.run(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "run" / "weights" / "generator.safetensors").is_file()
    (pixels,) = cache.glob("*.u8")
    assert pixels.stat().st_size == 3000 * 3 * 16 * 16
    found(f"{name}: exit code {code} after {took:.1f} s")
