"""What is written goes where it was meant: to devices, through links, with the modes that were there, in the format that is named."""

import os
import stat
import threading
from pathlib import Path

import numpy as np
import pytest
from ganzoo_explore.export import export_generator
from ganzoo_explore.interpolate import save_gif
from PIL import Image
from small_runs import train_both

from ganzoo.cli import invoke
from ganzoo.errors import GanzooError, UserError
from ganzoo.files import TEMPORARY, check_ending, write_atomically
from ganzoo.ui.pictures import save_png


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return train_both(tmp_path_factory.mktemp("runs"))


def leftovers(folder):
    return [path for path in folder.rglob("*") if path.name.endswith(TEMPORARY)]


def test_a_pipe_is_written_to_and_stays_one(tmp_path):
    pipe, got = tmp_path / "pipe.png", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()), daemon=True)
    reader.start()
    write_atomically(pipe, b"all of it")
    reader.join(10)
    assert got == [b"all of it"]
    assert stat.S_ISFIFO(pipe.lstat().st_mode)
    assert leftovers(tmp_path) == []


def test_a_device_behind_a_link_stays_one(tmp_path):
    """As a link, so that a fault cannot cost the machine its /dev/null."""
    link = tmp_path / "null.png"
    link.symlink_to("/dev/null")
    write_atomically(link, b"nothing is kept")
    assert link.is_symlink()
    assert link.is_char_device()


def test_what_a_device_refuses_is_one_line(tmp_path):
    if not Path("/dev/full").is_char_device():
        pytest.skip("only on Linux")
    link = tmp_path / "full.png"
    link.symlink_to("/dev/full")
    with pytest.raises(GanzooError, match=r"full\.png: No space left on device$"):
        write_atomically(link, b"x" * 100_000)


@pytest.mark.parametrize("there", [True, False])
def test_a_link_is_followed_and_stays_one(there, tmp_path):
    target = tmp_path / "elsewhere" / "deep" / "target.png"
    if there:
        target.parent.mkdir(parents=True)
        target.write_bytes(b"old")
    link = tmp_path / "link.png"
    link.symlink_to(target)
    write_atomically(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert not target.is_symlink()


def test_links_in_a_circle_are_one_line(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(GanzooError, match="Too many levels of symbolic links"):
        write_atomically(tmp_path / "a", b"")


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755, 0o664])
def test_a_file_keeps_its_mode(mode, tmp_path):
    path = tmp_path / "kept"
    path.write_bytes(b"old")
    path.chmod(mode)
    write_atomically(path, b"new")
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"new", mode)


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_a_new_file_has_the_mode_that_the_umask_leaves(mask, mode, tmp_path):
    before = os.umask(mask)
    try:
        write_atomically(tmp_path / "new", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == mode


def test_a_name_as_long_as_names_may_be_is_written(tmp_path):
    name = "ж" * 125 + ".png"  # 254 bytes
    write_atomically(tmp_path / name, b"x")
    assert (tmp_path / name).read_bytes() == b"x"


def test_a_regular_file_is_replaced_at_once(tmp_path, monkeypatch):
    path = tmp_path / "whole"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", lambda descriptor: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(GanzooError, match="what was there before is intact"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert leftovers(tmp_path) == []


def test_an_ending_of_another_format_is_refused(tmp_path):
    picture = Image.new("L", (2, 2))
    for save, name in ((save_png, "x.jpg"), (lambda image, path: save_gif([image], path, 1), "x.png")):
        with pytest.raises(UserError, match=r"ends in \.(jpg|png), but what is written is \.(png|gif)"):
            save(picture, tmp_path / name)
        assert not (tmp_path / name).exists()
    save_png(picture, tmp_path / "X.PNG")
    save_png(picture, tmp_path / "no_ending")
    assert Image.open(tmp_path / "no_ending").format == "PNG"


def test_a_folder_is_refused_and_a_device_promises_no_format(tmp_path):
    with pytest.raises(UserError, match="is a folder"):
        check_ending(tmp_path, ".png")
    pipe = tmp_path / "pipe.out"
    os.mkfifo(pipe)
    check_ending(pipe, ".png")


COMMANDS = {
    "sample": (["--png", "x.jpg"], "--png"),
    "sample ": (["--npz", "x.png"], "--npz"),
    "interpolate": (["--gif", "x.mp4"], "--gif"),
    "interpolate ": (["--png", "x.gif"], "--png"),
    "neighbours": (["--png", "x.jpeg"], "--png"),
    "export": (["--to", "onnx", "--out", "x.pt2"], "--out"),
    "export ": (["--out", "x.pth"], "--out"),
    "compare": (["--out", "x.pdf"], "--out"),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_refuse_other_endings_before_any_work(command, runs, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    arguments, key = COMMANDS[command]
    assert invoke([command.strip(), str(runs / "digits"), *arguments]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"ganzoo: error: {key}: x.")
    assert said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_the_ending_decides_what_is_exported(runs, tmp_path, capsys):
    assert invoke(["export", str(runs / "ring"), "--out", str(tmp_path / "g.pt2")]) == 0, capsys.readouterr().err
    assert (tmp_path / "g.pt2").read_bytes()[:2] == b"PK"


def test_samples_keep_the_mode_of_what_was_there(runs, tmp_path):
    path = tmp_path / "s.npz"
    path.write_bytes(b"")
    path.chmod(0o600)
    assert invoke(["sample", str(runs / "ring"), "-n", "4", "--npz", str(path)]) == 0
    assert np.load(path)["sample"].shape == (4, 2)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_nothing_is_printed_behind_a_file_on_standard_output(runs, capfd):
    """A name behind a zip or a PNG would be part of it."""
    assert invoke(["sample", str(runs / "ring"), "-n", "4", "--npz", "/dev/stdout", "--json"]) == 0
    assert "{" not in capfd.readouterr().out[-100:]
    assert invoke(["sample", str(runs / "ring"), "-n", "4", "--png", "-"]) == 2
    assert "'-' is not a file; name one; /dev/stdout" in capfd.readouterr().err


def test_export_refuses_an_ending_before_it_traces(tmp_path):
    with pytest.raises(UserError, match=r"--out: .*ends in \.onnx, but what is written is \.pt2"):
        export_generator(None, "torch", tmp_path / "g.onnx")


def test_a_tilde_is_the_home_of_somebody_or_one_line(runs, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    run = str(runs / "ring")
    assert invoke(["sample", run, "-n", "4", "--png=~/a.png"]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["home"]  # no folder is called "~"
    for arguments in (["--weights", "~nobody-here/x"], ["-n", "4", "--png", "b.png", "--weights=~nobody-here/x:G"]):
        assert invoke(["sample", run, *arguments]) == 2
        assert "~nobody-here/x" in (said := capsys.readouterr().err)
        assert said.count("\n") == 1
