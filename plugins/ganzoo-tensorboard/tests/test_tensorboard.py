import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from ganzoo_tensorboard.events import EventFile
from ganzoo_tensorboard.observer import TensorBoard
from PIL import Image
from safetensors.torch import load_file
from tensorboard.backend.event_processing.event_accumulator import TENSORS, EventAccumulator
from tensorboard.summary.writer.record_writer import RecordWriter

from ganzoo import DataSpec, GanzooError
from ganzoo.cli import invoke

POINTS = DataSpec({"sample": (2,)})
CONFIG = """\
data: {name: ring, count: 200}
generator: {name: mlp, hidden: [4]}
critic: {name: mlp, hidden: [4]}
loss: wasserstein
train: {steps: 6, batch_size: 4, threads: 1, device: cpu}
log: {every: 2}
sample: {every: 3, count: 20}
metrics: [{name: modes, samples: 50}]
observers: [tensorboard]
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run that was watched."""
    for module in ("ganzoo_vanilla", "ganzoo_wgan"):
        pytest.importorskip(module, reason="the run that is watched takes its parts from it")
    folder = tmp_path_factory.mktemp("watched")
    (folder / "tiny.yaml").write_text(CONFIG)
    threads = torch.get_num_threads()
    assert invoke(["run", str(folder / "tiny.yaml"), "--out", str(folder / "run"), "--quiet"]) == 0
    torch.set_num_threads(threads)
    return folder / "run"


def read(folder: Path) -> EventAccumulator:
    return EventAccumulator(str(folder), size_guidance={"images": 0, "scalars": 0, TENSORS: 0}).Reload()


def scalars(events: EventAccumulator) -> dict[str, list[tuple[int, float]]]:
    return {tag: [(e.step, e.value) for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def text(events: EventAccumulator, tag: str) -> str:
    (event,) = events.Tensors(f"{tag}/text_summary")
    return event.tensor_proto.string_val[0].decode().removeprefix("```json\n").removesuffix("\n```")


def test_the_event_file_says_what_metrics_jsonl_says(run: Path) -> None:
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    wanted: dict[str, list[tuple[int, float]]] = {}
    for line in lines:
        values = {key: line[key] for key in line.keys() - {"event", "step", "seconds"}} if line["event"] == "log" else {}
        if line["event"] == "evaluated":
            values = {f"modes/{key}": line["values"][key] for key in ("modes", "high_quality")}
        for key, value in values.items():
            wanted.setdefault(key, []).append((line["step"], value))
    found = scalars(read(run / "tensorboard"))
    assert [step for step, _ in wanted["critic/adversarial"]] == [2, 4, 6]
    assert found.keys() == wanted.keys()
    for key, points in wanted.items():
        assert [step for step, _ in found[key]] == [step for step, _ in points]
        assert [value for _, value in found[key]] == pytest.approx([value for _, value in points], rel=1e-6)


def test_the_grids_are_those_of_the_run(run: Path) -> None:
    images = read(run / "tensorboard").Images("samples")
    assert [image.step for image in images] == [0, 3, 6]
    for image in images:
        shown = np.asarray(Image.open(BytesIO(image.encoded_image_string)))
        saved = np.asarray(Image.open(run / f"samples/step-{image.step:08d}.png").convert("RGB"))
        assert np.array_equal(shown, saved)


def test_the_configuration_and_a_metrics_provenance_are_shown(run: Path) -> None:
    events = read(run / "tensorboard")
    assert json.loads(text(events, "config")) == yaml.safe_load((run / "config.yaml").read_text())
    assert json.loads(text(events, "modes/provenance"))["samples"] == 50


def test_a_replay_shows_what_the_run_showed(run: Path, capsys: pytest.CaptureFixture) -> None:
    assert invoke(["replay", str(run), "--to", "{name: tensorboard, folder: again}", "--quiet"]) == 0
    assert "events told to tensorboard" in capsys.readouterr().out
    live, replayed = read(run / "tensorboard"), read(run / "again")
    assert scalars(replayed) == scalars(live)
    assert [(i.step, i.encoded_image_string) for i in replayed.Images("samples")] == [
        (i.step, i.encoded_image_string) for i in live.Images("samples")
    ]
    for tag in ("config", "modes/provenance"):
        assert text(replayed, tag) == text(live, tag)


def test_steps_that_a_resumed_run_goes_back_behind_are_dropped(tmp_path: Path) -> None:
    first, second = TensorBoard(POINTS), TensorBoard(POINTS)
    first.run_started(tmp_path, {}, step=0)
    for step in (5, 10, 15):
        first.step_logged(step, {"critic/adversarial": 1.0})  # and killed
    second.run_started(tmp_path, {}, step=10)
    for step in (15, 20):
        second.step_logged(step, {"critic/adversarial": 2.0})
    second.run_finished()
    assert scalars(read(tmp_path / "tensorboard")) == {"critic/adversarial": [(5, 1.0), (10, 1.0), (15, 2.0), (20, 2.0)]}


def test_a_replay_takes_the_place_of_what_was_there(run: Path) -> None:
    before = scalars(read(run / "tensorboard"))
    assert invoke(["replay", str(run), "--to", "tensorboard", "--quiet"]) == 0
    assert scalars(read(run / "tensorboard")) == before


def test_numbers_that_are_not_finite_are_kept(tmp_path: Path) -> None:
    observer = TensorBoard(POINTS)
    observer.run_started(tmp_path, {}, step=0)
    observer.step_logged(1, {"a": float("nan"), "b": float("inf")})
    observer.run_finished()
    found = scalars(read(tmp_path / "tensorboard"))
    assert np.isnan(found["a"][0][1])
    assert found["b"] == [(1, np.inf)]


@pytest.fixture
def filling(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full from step 4 on, and keeps the beginning of what it refuses."""
    add = EventFile.add_scalars

    def fill(self: EventFile, step: int, values: Mapping[str, float]) -> None:
        if step == 4:
            with self.path.open("ab") as file:
                file.write(b"\x10\0\0")
            self._file = open("/dev/full", "wb")  # noqa: PTH123, SIM115
            self._records = RecordWriter(self._file)
        add(self, step, values)

    monkeypatch.setattr(EventFile, "add_scalars", fill)


def test_a_full_disk_costs_one_warning_and_what_is_missing_can_be_replayed(
    run: Path, tmp_path: Path, filling: None, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture
) -> None:
    shutil.copy(run.parent / "tiny.yaml", tmp_path)
    assert invoke(["run", str(tmp_path / "tiny.yaml"), "--out", str(tmp_path / "run"), "--quiet"]) == 0
    (events,) = (tmp_path / "run/tensorboard").iterdir()
    assert capfd.readouterr().err == (
        "ganzoo: warning: observer 'tensorboard' failed and is left out from here on: "
        f"cannot write {events}: No space left on device; "
        f"'ganzoo replay {tmp_path / 'run'} --to tensorboard' tells it the whole run later\n"
    )
    for name in ("generator", "critic"):
        weights = [load_file(folder / f"weights/{name}.safetensors") for folder in (tmp_path / "run", run)]
        assert all(torch.equal(value, weights[1][key]) for key, value in weights[0].items())
    assert [step for step, _ in scalars(read(tmp_path / "run/tensorboard"))["critic/adversarial"]] == [2]
    monkeypatch.undo()
    assert invoke(["replay", str(tmp_path / "run"), "--to", "tensorboard", "--quiet"]) == 0
    found, wanted = scalars(read(tmp_path / "run/tensorboard")), scalars(read(run / "tensorboard"))
    assert found["critic/adversarial"] == wanted["critic/adversarial"]
    assert found.keys() == wanted.keys()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "tensorboard").write_text("a file")
    with pytest.raises(GanzooError, match=r"cannot write .*tensorboard.*: (File exists|Not a directory)"):
        TensorBoard(POINTS).run_started(tmp_path, {}, step=0)


def test_door_imports_neither_torch_nor_tensorboard() -> None:
    code = "import sys, ganzoo_tensorboard; sys.exit('torch' in sys.modules or 'tensorboard' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
