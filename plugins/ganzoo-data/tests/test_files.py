"""The fingerprint of a folder: nothing that leaves names, sizes and times alone passes for the same pictures."""

import mmap
import os
import shutil
import tarfile
import time
from pathlib import Path

import numpy as np
import pytest
from ganzoo_data import files
from ganzoo_data.celeba import CelebA
from ganzoo_data.files import stamp
from ganzoo_data.folder import ImageFolder
from PIL import Image

from ganzoo.data.cache import Cache

THEN = (1_000_000_000_000_000_000,) * 2
SIZE = 14 + 40 + 4 * 256 + 24 * 24
"""Length of a grey BMP."""


@pytest.fixture(autouse=True)
def times_decide(monkeypatch):
    """As with many files: a few are hashed whole."""
    monkeypatch.setattr(files, "FEW_FILES", 0)


def fill(folder: Path, grey: int) -> Path:
    """Eight BMPs of one grey: equal names, sizes and times whatever the grey."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(8):
        path = folder / f"{number}.bmp"
        Image.new("L", (24, 24), grey).save(path)
        os.utime(path, ns=THEN)
    return folder


def replace(folder: Path) -> None:
    shutil.rmtree(folder)
    fill(folder, 245)


def swap(folder: Path) -> None:
    folder.rename(folder.with_name("old"))
    fill(folder.with_name("new"), 245).rename(folder)


def copy_over(folder: Path) -> None:
    """As ``rsync --times`` and ``cp --preserve`` do."""
    for path in fill(folder.with_name("new"), 245).iterdir():
        shutil.copy2(path, folder / path.name)


def unpack_over(folder: Path) -> None:
    archive = folder.with_name("new.tar")
    with tarfile.open(archive, "w") as tar:
        tar.add(fill(folder.with_name("new"), 245), folder.name)
    with tarfile.open(archive) as tar:
        tar.extractall(folder.parent, filter="data")


def edit_in_place(folder: Path) -> None:
    for path, new in zip(sorted(folder.iterdir()), sorted(fill(folder.with_name("new"), 245).iterdir()), strict=True):
        with path.open("r+b") as file:
            file.write(new.read_bytes())
        os.utime(path, ns=THEN)


def turn_links(folder: Path) -> None:
    """Names that were files become links to others."""
    fill(folder.with_name("new"), 245)
    for path in folder.iterdir():
        path.unlink()
        path.symlink_to(folder.with_name("new") / path.name)


def greys_of(root: Path, cache: Path) -> set[int]:
    return set(np.unique(ImageFolder(root=str(root), size=8).arrays(Cache(cache))["sample"][:]).tolist())


@pytest.mark.parametrize("change", [replace, swap, copy_over, unpack_over, edit_in_place, turn_links])
def test_other_pixels_under_the_same_names_sizes_and_times_are_seen(change, tmp_path):
    folder = fill(tmp_path / "pictures", 10)
    assert greys_of(folder, tmp_path / "cache") == {10}
    change(folder)
    assert {(path.stat().st_size, path.stat().st_mtime_ns) for path in folder.iterdir()} == {(SIZE, THEN[0])}
    assert greys_of(folder, tmp_path / "cache") == {245}


def test_an_edit_of_mapped_memory_that_moves_no_time_is_seen(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "FEW_FILES", 1000)
    folder = fill(tmp_path / "pictures", 10)
    new = (fill(tmp_path / "new", 245) / "3.bmp").read_bytes()
    with (folder / "3.bmp").open("r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
        memory[-1:] = b"\n"
        assert greys_of(folder, tmp_path / "cache") == {10}
        memory[:] = new  # already dirty: the kernel takes no new time
        assert greys_of(folder, tmp_path / "cache") == {10, 245}


def test_two_folders_alike_but_for_their_pixels_are_two(tmp_path):
    fill(tmp_path / "dark", 10)
    fill(tmp_path / "light", 245)
    assert greys_of(tmp_path / "dark", tmp_path / "cache") == {10}
    assert greys_of(tmp_path / "light", tmp_path / "cache") == {245}
    assert greys_of(tmp_path / "dark", tmp_path / "cache") == {10}
    assert len(list((tmp_path / "cache").glob("*.u8"))) == 2


def celeba(folder: Path, grey: int, packed: bool) -> Path:
    pictures = fill(folder / "img_align_celeba", grey)
    (folder / "list_eval_partition.txt").write_text("".join(f"{path.name} 0\n" for path in sorted(pictures.iterdir())))
    if packed:
        shutil.make_archive(str(pictures), "zip", folder, "img_align_celeba")
        shutil.rmtree(pictures)
        os.utime(folder / "img_align_celeba.zip", ns=THEN)
    os.utime(folder / "list_eval_partition.txt", ns=THEN)
    return folder


@pytest.mark.parametrize("packed", [False, True])
def test_celeba_replaced_under_the_same_names_sizes_and_times_is_seen(packed, tmp_path):
    for grey in (10, 245):
        shutil.rmtree(tmp_path / "celeba", ignore_errors=True)
        celeba(tmp_path / "celeba", grey, packed)
        arrays = CelebA(root=str(tmp_path / "celeba"), crop=24, size=8).arrays(Cache(tmp_path / "cache"))
        assert np.unique(arrays["sample"][:]).tolist() == [grey]


def test_a_stamp_stays_while_nothing_changes(tmp_path, monkeypatch):
    folder = fill(tmp_path / "pictures", 10)
    names = [path.name for path in folder.iterdir()]
    first = stamp(folder, names)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to("pictures")
    assert first == stamp(Path("pictures"), names) == stamp(tmp_path / "link", names)
    (folder / names[3]).unlink()
    assert stamp(folder, names) != first


@pytest.mark.parametrize("change_time", [THEN[0], THEN[0] + 120_000_000])
def test_where_the_file_system_keeps_no_fine_time_of_change_the_contents_decide(change_time, tmp_path, monkeypatch):
    folder = fill(tmp_path / "pictures", 10)
    real = os.stat

    class Coarse:
        st_ctime_ns, st_mtime_ns, st_ino = change_time, THEN[0], 7

        def __init__(self, status: os.stat_result) -> None:
            self._status = status

        def __getattr__(self, name: str) -> object:
            return getattr(self._status, name)

    def coarse(path, **options):
        return Coarse(real(path, **options)) if str(path).endswith(".bmp") else real(path, **options)

    monkeypatch.setattr(files.os, "stat", coarse)
    first = stamp(folder, ["0.bmp", "1.bmp"])
    assert stamp(folder, ["0.bmp", "1.bmp"]) == first
    Image.new("L", (24, 24), 11).save(folder / "1.bmp")
    assert stamp(folder, ["0.bmp", "1.bmp"]) != first


def test_a_change_right_after_a_stamp_is_seen(tmp_path):
    path = tmp_path / "a"
    seen = set()
    for number in range(30):
        path.write_bytes(bytes([number]))
        os.utime(path, ns=THEN)
        seen.add(stamp(tmp_path, ["a"]))
    assert len(seen) == 30


def test_a_pipe_and_a_name_that_is_not_utf_8_have_a_stamp(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    odd = os.fsdecode(b"\xff\xfe.png")
    (tmp_path / odd).write_bytes(b"")
    assert stamp(tmp_path, ["pipe", odd]) == stamp(tmp_path, ["pipe", odd])


def test_stamping_costs_less_than_15_microseconds_a_file_beyond_asking_for_its_size(tmp_path):
    """So that it takes less than 3 s for 200,000 files."""
    (tmp_path / "a").write_bytes(b"a")
    time.sleep(0.05)
    start = time.process_time()
    for _ in range(20_000):
        os.stat(f"{tmp_path}/a")  # noqa: PTH116
    asked = time.process_time()
    stamp(tmp_path, ["a"] * 20_000)
    assert time.process_time() - asked < asked - start + 20_000 * 15e-6
