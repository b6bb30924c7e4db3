import json
import zipfile

import numpy as np
import pytest
from ganzoo_data.captioned import Captioned, bag
from PIL import Image

from ganzoo import Cache, UserError

CAPTIONS = {"a": "A small red circle.", "b/c": "a large blue square\na blue thing"}


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "pictures"
    for name in CAPTIONS:
        path = folder / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), (200, 10, 10)).save(path)
    return folder


def read(tmp_path, root, **more):
    return Captioned(root=str(root), size=8, **more).arrays(Cache(tmp_path / "cache"))


def test_a_text_file_beside_each_picture_is_its_caption(tmp_path, root) -> None:
    for name, text in CAPTIONS.items():
        (root / f"{name}.txt").write_text(text)
    found = read(tmp_path, root, low_resolution=2)
    assert {name: rows.shape for name, rows in found.items()} == {"sample": (2, 3, 8, 8), "source": (2, 3, 4, 4), "text": (2, 256)}
    assert np.array_equal(found["text"], np.stack([bag(text, "words", 256) for text in CAPTIONS.values()]))


@pytest.mark.parametrize("archived", [False, True])
def test_one_file_gives_all_captions_of_a_folder_or_an_archive(tmp_path, root, archived) -> None:
    lines = [json.dumps({"file_name": f"{name}.png", "text": text}) for name, text in CAPTIONS.items()]
    (root / "metadata.jsonl").write_text("\n".join(lines))
    where, captions = root, "metadata.jsonl"
    if archived:
        where, captions = tmp_path / "pictures.zip", str(root / captions)
        with zipfile.ZipFile(where, "w") as archive:
            for name in CAPTIONS:
                archive.write(root / f"{name}.png", f"{name}.png")
    found = read(tmp_path, where, captions=captions, text="characters", text_dim=32)
    assert np.array_equal(found["text"], np.stack([bag(text, "characters", 32) for text in CAPTIONS.values()]))


def test_bags_count_words_or_characters_whatever_their_case_and_order() -> None:
    assert np.array_equal(bag("Red circle", "words", 64), bag("circle, RED", "words", 64))
    assert not np.array_equal(bag("red circle", "words", 64), bag("red square", "words", 64))
    assert np.array_equal(bag("tea", "characters", 64), bag("eat", "characters", 64))
    assert not bag(" \n", "words", 8).any()
    assert np.linalg.norm(bag("a a b", "words", 64)) == pytest.approx(1)


def test_embeddings_follow_their_pictures_where_one_is_unreadable(tmp_path, root) -> None:
    (root / "aa.png").write_bytes(b"no picture")
    np.save(tmp_path / "e.npy", np.arange(6.0).reshape(3, 2))
    found = read(tmp_path, root, text=str(tmp_path / "e.npy"), max_bad=0.5)
    assert found["text"].tolist() == [[0, 1], [4, 5]]


def prepare(tmp_path, root, kind):
    if kind == "objects":
        np.save(tmp_path / "e.npy", np.array([{}], object))
    elif kind == "rows":
        np.save(tmp_path / "e.npy", np.zeros((3, 2)))
    elif kind == "nan":
        np.save(tmp_path / "e.npy", np.full((2, 2), np.nan))
    elif kind == "lacking":
        (root / "a.txt").write_text("one")
    elif kind == "listed":
        (root / "c.csv").write_text("file,caption\na.png,one\n")
    elif kind == "bytes":
        for name in CAPTIONS:
            (root / f"{name}.txt").write_bytes(b"\xff\xfe\xfa")


@pytest.mark.parametrize(
    ("kind", "more", "said"),
    [
        ("lacking", {}, "1 of 2 pictures in .* have no caption: c.txt"),
        ("bytes", {}, "cannot be read.*utf-8"),
        ("listed", {"captions": "c.csv"}, "but not 1 of 2 here: b/c.png"),
        ("none", {"captions": "no.csv"}, "No such file"),
        ("objects", {"text": "e.npy"}, "cannot be read as embeddings"),
        ("rows", {"text": "e.npy"}, "is not 2 rows of floats"),
        ("nan", {"text": "e.npy"}, "not finite"),
        ("none", {"text": "sentences"}, "give words, characters or a .npy file"),
    ],
)
def test_captions_that_are_lacking_or_unreadable_are_one_line(tmp_path, root, monkeypatch, kind, more, said) -> None:
    monkeypatch.chdir(tmp_path)
    prepare(tmp_path, root, kind)
    with pytest.raises(UserError, match=f"(?s){said}"):
        read(tmp_path, root, **more)
