"""A disk that is full, read-only or gone: one line that says so, the last checkpoint whole, nothing half-written."""

import re
import resource
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest
from ganzoo_report import observer

from ganzoo.engine import outputs
from ganzoo.engine.loop import Loop
from ganzoo.engine.outputs import Outputs
from ganzoo.rundir import checkpoint, weights
from ganzoo.rundir.directory import RunDirectory

FULL = "A disk that fills up amid a run: one line says what cannot be written, the last checkpoint is whole, and the run resumes"
EARLY = "Found out before the first step: a full disk, a read-only folder, no room for three checkpoints; nothing is left behind"


@contextmanager
def files_may_grow():
    """Puts the limit on the size of files back."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def fill_the_disk(monkeypatch, owner, name, when):
    """From the first call of ``owner.name`` on whose arguments ``when`` accepts, no file can grow beyond 100 bytes."""
    original = getattr(owner, name)

    def call(*args, **kwargs):
        if when(*args, **kwargs):
            resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
        return original(*args, **kwargs)

    monkeypatch.setattr(owner, name, call)


POINTS = {
    "line of metrics": (RunDirectory, "log", lambda self, event, **values: event == "log" and values["step"] == 10, 3, "out/metrics.jsonl"),
    "grid of samples": (Outputs, "save_samples", lambda self: self.run.step == 6, 3, "out/samples/step-00000006.png"),
    "checkpoint": (checkpoint, "save", lambda folder, step, *rest: step == 8, 3, "out/checkpoints/step-00000008.ckpt"),
    "weights": (outputs, "export", lambda network, path, **facts: facts["step"] == 8, 3, "out/weights/generator.safetensors"),
    "report": (observer, "write_report", lambda path: True, 0, "report"),
}


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.promise("Disk and folders", FULL)
def test_a_full_disk(point, train, left, monkeypatch, whole, differing, found):
    owner, name, when, code, file = POINTS[point]
    with monkeypatch.context() as patch, files_may_grow():
        fill_the_disk(patch, owner, name, when)
        said = train("out", code=code)
    assert file in said
    assert "File too large" in said
    assert said.count("\n") == 1
    assert left("out").temporary == []
    assert left("out").steps[0] == {"line of metrics": 8, "grid of samples": 4, "checkpoint": 4, "weights": 8, "report": 12}[point]
    train("out", resume=True)
    assert differing(whole, left("out").state) == []
    found(f"the {point}")


@pytest.mark.promise("Disk and folders", EARLY)
def test_a_disk_that_is_full_before_the_first_step(train, monkeypatch, found):
    with monkeypatch.context() as patch, files_may_grow():
        fill_the_disk(patch, RunDirectory, "write_config", lambda *args: True)
        assert "cannot write deep/out/config.yaml: File too large" in train("deep/out", code=3)
    assert not Path("deep").exists()
    train("deep/out")
    found("full")


@pytest.fixture
def tmpfs():
    """``tmpfs("size=1m")`` mounts a small file system of its own; only root may."""
    mounted = []

    def mount(options):
        folder = Path("mounted")
        folder.mkdir(exist_ok=True)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", options, "ganzoo", folder], capture_output=True).returncode:
            pytest.skip("file systems cannot be mounted here")
        mounted.append(folder.absolute())
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.promise("Disk and folders", FULL)
def test_a_file_system_that_fills_up(tmpfs, train, left, monkeypatch, whole, differing, found):
    folder = tmpfs("size=1m")
    step = Loop.step

    def filling(self):
        step(self)
        if self.run.step == 7:
            free = shutil.disk_usage(folder).free
            (folder / "others").write_bytes(bytes(free - 8192))

    with monkeypatch.context() as patch:
        patch.setattr(Loop, "step", filling)
        assert "No space left on device" in train("mounted/out", code=3)
    (folder / "others").unlink()
    assert left("mounted/out").temporary == []
    assert left("mounted/out").steps[0] == 4
    train("mounted/out", resume=True)
    assert differing(whole, left("mounted/out").state) == []
    found("a file system of 1 MB")


@pytest.mark.promise("Disk and folders", "A tracker whose disk is full: one warning says so, and the run goes on to the same weights")
def test_a_tracker_whose_disk_fills_up(tmpfs, start, left, whole, differing, found):
    """In a process of its own: a thread that ends with a traceback would write past what a test in this one sees."""
    pytest.importorskip("ganzoo_tensorboard.observer", reason="the tracker that writes files is not installed")
    folder = tmpfs("size=16k").absolute()
    observer = f"observers=[{{name: tensorboard, folder: {folder}}}]"
    process = start("run", "ring.yaml", "--quiet", "--out", "out", "-o", observer)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    warning = "ganzoo: warning: observer 'tensorboard' failed and is left out from here on: cannot write "
    assert re.fullmatch(rf"{warning}{folder}/events\S+: No space left on device; 'ganzoo replay out \S.*\n", said)
    config = {".config.observers", ".config.versions.ganzoo-tensorboard"}  # the tracker is part of what the run was told
    assert set(differing(whole, left("out").state)) == {".versions.ganzoo-tensorboard", *config}
    found("a file system of 16 kB")


@pytest.mark.promise("Disk and folders", EARLY)
def test_a_read_only_folder_is_found_before_the_first_step(tmpfs, train, found):
    tmpfs("ro")
    assert (
        train("mounted/out", code=2) == "ganzoo: error: --out: cannot write to mounted/out: Read-only file system; choose another folder\n"
    )
    found("read-only")


@pytest.mark.promise("Disk and folders", EARLY)
def test_a_disk_that_is_too_small_is_found_before_the_first_step(tmpfs, train, found):
    tmpfs("size=64k")
    said = train("mounted/deep/out", code=3)
    assert "3 checkpoints need" in said
    assert not Path("mounted/deep").exists()
    found("too small for three checkpoints")


@pytest.mark.parametrize("replaced", [False, True], ids=["removed", "replaced"])
@pytest.mark.promise("Disk and folders", "A folder that is removed or replaced amid a run: it ends with 3 and makes nothing anew")
def test_a_folder_that_is_removed(replaced, train, monkeypatch, found):
    step = Loop.step

    def removing(self):
        step(self)
        if self.run.step == 5:
            shutil.rmtree("out")
            if replaced:
                Path("out").mkdir()

    monkeypatch.setattr(Loop, "step", removing)
    said = train("out", code=3)
    assert said == ("ganzoo: error: out was removed or replaced while the run was writing to it; start again with another --out\n")
    assert Path("out").exists() == replaced
    assert not replaced or list(Path("out").iterdir()) == []
    found("replaced" if replaced else "removed")


def test_what_a_killed_process_left_half_written_is_swept_away(train, left):
    train("out", "train.steps=4")
    half = [Path("out/checkpoints/.step-00000008.ckpt.x.ganzoo-tmp"), Path("out/weights/.critic.safetensors.y.ganzoo-tmp")]
    for path in half:
        path.write_bytes(b"half")
    Path("out/.mine.tmp").write_text("not ganzoo's")
    train("out", resume=True)
    assert left("out").temporary == ["out/.mine.tmp"]
    assert weights.metadata(Path("out/weights/generator.safetensors"))["step"] == 12
