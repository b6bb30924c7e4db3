"""Tar shards: right pixels and labels, nothing written, each process its own; ranks draw from what each has alone."""

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
from ganzoo_data import webdataset
from ganzoo_data.webdataset import WebDataset, find_shards
from shards import picture, shard, write

from ganzoo import UserError
from ganzoo.data.cache import Cache
from ganzoo.ui.progress import LineReporter


def read(folder: Path, shards, log=None, **parameters):
    dataset = WebDataset(shards=shards, size=8, channels=1, **parameters)
    return dataset, dataset.arrays(Cache(folder / "cache", LineReporter(log or io.StringIO())))


def greys(arrays) -> list[int]:
    return arrays["sample"][:, 0, 0, 0].tolist()


@pytest.mark.parametrize("pattern", ["train-*.tar", "train-{00..02}.tar", ["train-00.tar", "train-0[12].tar"]])
def test_pixels_and_labels_come_in_the_shards_order(pattern, tmp_path, monkeypatch):
    for number in range(3):
        shard(tmp_path, number)
    monkeypatch.chdir(tmp_path)
    dataset, arrays = read(tmp_path, pattern, classes=10)
    assert greys(arrays) == list(range(30))
    assert arrays["label"].tolist() == [grey % 10 for grey in range(30)]
    assert arrays["label"].dtype == np.int64
    assert (dataset.classes, dataset.apart) == (10, False)
    assert {path.name for path in tmp_path.iterdir()} == {"cache", "train-00.tar", "train-01.tar", "train-02.tar"}


def test_labels_of_json_other_kinds_and_other_members(tmp_path):
    path = write(
        tmp_path / "a.tar",
        ("x/1.json", json.dumps({"label": 2, "text": "a cat"}).encode()),
        ("x/1.PNG", picture(10)),
        ("x/1.seg.png", picture(99)),
        ("x/1.txt", b"a cat"),
        ("y/1.webp", picture(20, "WEBP")),
        ("y/1.json", b'{"cls": 1}'),
        ("2.jpg", picture(30, "JPEG")),
        ("2.cls", b"0\n"),
    )
    _, arrays = read(tmp_path, str(path), classes=3)
    assert greys(arrays) == [10, 20, 30]
    assert arrays["label"].tolist() == [2, 1, 0]
    assert set(read(tmp_path, str(path))[1]) == {"sample"}


def test_each_process_reads_its_own_shards(tmp_path, monkeypatch):
    for number in range(5):
        shard(tmp_path, number)
    monkeypatch.setenv("WORLD_SIZE", "2")
    found = []
    for rank in (0, 1):
        monkeypatch.setenv("RANK", str(rank))
        dataset, arrays = read(tmp_path / str(rank), str(tmp_path / "*.tar"), classes=10)
        assert dataset.apart
        assert arrays["label"].tolist() == [grey % 10 for grey in greys(arrays)]
        found.append(greys(arrays))
    assert [len(part) for part in found] == [30, 20]
    assert sorted(found[0] + found[1]) == list(range(50))
    monkeypatch.setenv("WORLD_SIZE", "6")
    with pytest.raises(UserError, match=r"data\.shards: 5 shards for 6 processes"):
        read(tmp_path, str(tmp_path / "*.tar"))


def test_a_shard_replaced_by_one_of_equal_name_and_size_is_read_anew(tmp_path):
    assert greys(read(tmp_path, str(write(tmp_path / "a.tar", ("1.png", picture(10)))))[1]) == [10]
    assert greys(read(tmp_path, str(write(tmp_path / "a.tar", ("1.png", picture(245)))))[1]) == [245]


def link(name: str, kind: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, "/etc/passwd"
    return info


def test_no_name_link_or_device_leads_anywhere(tmp_path):
    hostile = [
        link("1.png", tarfile.SYMTYPE),
        link("2.png", tarfile.LNKTYPE),
        link("3.png", tarfile.CHRTYPE),
        link("4.png", tarfile.FIFOTYPE),
    ]
    (tmp_path / "shards").mkdir()
    write(tmp_path / "shards" / "a.tar", *hostile, ("../../5.png", picture(50)), ("/6.png", picture(60)), ("\0", b""))
    assert greys(read(tmp_path, str(tmp_path / "shards/a.tar"))[1]) == [50, 60]
    assert [path.name for path in (tmp_path / "shards").iterdir()] == ["a.tar"]


def test_bad_pictures_are_left_out_and_named(tmp_path, monkeypatch):
    log = io.StringIO()
    path = write(
        tmp_path / "a.tar", ("1.png", b"no picture"), ("2.png", picture(20)), ("3.png", picture(30) + bytes(2000)), ("3.cls", b"7")
    )
    monkeypatch.setattr(webdataset, "MAX_IMAGE_BYTES", 1000)
    assert greys(read(tmp_path, str(path), log, max_bad=0.7)[1]) == [20]
    assert "a.tar/1.png (not a picture" in log.getvalue()
    assert "a.tar/3.png (a member of 2" in log.getvalue()


def huge_header() -> bytes:
    info = tarfile.TarInfo("././@PaxHeader")
    info.type, info.size = tarfile.XHDTYPE, 1 << 40
    return info.tobuf(tarfile.GNU_FORMAT) + bytes(2048)


REFUSED = {
    "compressed": (
        [("1.png", picture(1))],
        "w:gz",
        lambda content: content,
        "cannot be read: .*; write it again, as a .tar that is not compressed",
    ),
    "cut short": ([(f"{i}.png", picture(i)) for i in range(9)], "w", lambda content: content[:4500], "cannot be read"),
    "cut between two": (
        [(f"{i}.png", picture(i)) for i in range(9)],
        "w",
        lambda content: content[:4096],
        "damaged, or cut short, at byte 4096",
    ),
    "a damaged header": ([(f"{i}.png", picture(i)) for i in range(9)], "w", lambda c: c[:4100] + b"?" + c[4101:], "at byte 4096"),
    "no tar": ([], "w", lambda content: b"I am no tar" * 200, "cannot be read"),
    "a header of a terabyte": ([], "w", lambda content: huge_header(), "cannot be read: a header of"),
    "twice": ([("1.png", picture(1)), ("1.jpg", picture(2))], "w", lambda content: content, r"holds the sample 1\.jpg twice"),
    "no label": ([("1.png", picture(1))], "w", lambda content: content, r"1\.png has no \.cls or \.json with its label, 0 to 9"),
    "label out of range": ([("1.png", picture(1)), ("1.cls", b"10")], "w", lambda content: content, "label, 0 to 9"),
    "label no number": ([("1.png", picture(1)), ("1.json", b'{"label": true}')], "w", lambda content: content, "label, 0 to 9"),
    "two labels": (
        [("1.png", picture(1)), ("1.cls", b"2"), ("1.json", b'{"label": 3}')],
        "w",
        lambda content: content,
        r"a\.tar gives 1 two labels: 2 and 3",
    ),
    "a label alone": (
        [("1.png", picture(1)), ("1.cls", b"2"), ("x/3.cls", b"2")],
        "w",
        lambda content: content,
        r"labels of 1 samples without a picture: x/3, \.\.\.; write it again",
    ),
    "no picture": ([("1.txt", b"")], "w", lambda content: content, "no pictures in"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_shard_is_refused_in_one_line(case, tmp_path):
    members, mode, change, message = REFUSED[case]
    path = write(tmp_path / "a.tar", *members, mode=mode)
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(UserError, match=message) as caught:
        read(tmp_path, str(path), classes=10)
    assert "\n" not in str(caught.value)


def test_pictures_and_labels_that_are_left_out_are_said(tmp_path):
    members = [
        ("1.png", picture(1)),
        ("1.cls", b"3"),
        ("1.mask.png", picture(2)),
        ("2.heic", b""),
        ("2.cls", b"3"),
        ("3.bmp", b""),
        ("3.txt", b""),
    ]
    path = write(tmp_path / "a.tar", *members)
    assert greys(read(tmp_path, str(path), log := io.StringIO())[1]) == [1]
    assert "passed over 1 .bmp, 1 .heic, 1 .mask.png, which are not read here" in log.getvalue()
    assert "set data.classes to have the labels in its .cls" in log.getvalue()
    read(tmp_path, str(path), log := io.StringIO(), classes=10)
    assert "data.classes" not in log.getvalue()
    with pytest.raises(UserError, match=r"no pictures in .*b\.tar but 1 \.heic; its members should be named like 0001\.jpg"):
        read(tmp_path, str(write(tmp_path / "b.tar", ("1.heic", b""))))


def test_a_missing_shard_is_named_also_within_a_range(tmp_path):
    shard(tmp_path, 0)
    with pytest.raises(UserError, match=r"data\.shards: there is no file .*train-01\.tar"):
        find_shards([str(tmp_path / "train-{00..01}.tar")])
    with pytest.raises(UserError, match="more than a million"):
        find_shards(["{0..1000000}.tar"])


def test_brackets_in_a_name_are_taken_as_they_stand_where_there_is_such_a_file(tmp_path):
    for name in ("s[1].tar", "s1.tar"):
        (tmp_path / name).write_bytes(b"")
    assert find_shards([str(tmp_path / "s[1].tar")]) == [tmp_path / "s[1].tar"]
    (tmp_path / "s[1].tar").unlink()
    assert find_shards([str(tmp_path / "s[1].tar")]) == [tmp_path / "s1.tar"]
