import json
import shutil
import zipfile

import numpy as np
import pytest
from ganzoo_data.captioned import Captioned, bag
from PIL import Image

from ganzoo import Cache, UserError
from ganzoo.cli import invoke

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
    elif kind == "huge":
        np.save(tmp_path / "e.npy", np.full((2, 2), 1e300))
    elif kind == "flat":
        np.save(tmp_path / "e.npy", np.zeros((2, 0)))
    elif kind == "zeros":
        np.save(tmp_path / "e.npy", np.array([[1, 0], [0, 1e-60]]))
    elif kind == "nothing":
        (tmp_path / "e.npy").touch()
    elif kind == "cut npz":
        np.savez(tmp_path / "e.npz", np.eye(2))
        (tmp_path / "e.npy").write_bytes((tmp_path / "e.npz").read_bytes()[:60])
    elif kind == "header":
        np.save(tmp_path / "e.npy", np.eye(2))
        content = (tmp_path / "e.npy").read_bytes()
        (tmp_path / "e.npy").write_bytes(content[:10] + bytes(20) + content[30:])
    elif kind == "lacking":
        (root / "a.txt").write_text("one")
    elif kind == "listed":
        (root / "c.csv").write_text("file,caption\na.png,one\n")
    elif kind == "gone":
        (root / "c.jsonl").write_text("\n".join(json.dumps([name, "one"]) for name in ("a.png", "c.png", "gone.png")))
    elif kind == "broken":
        (root / "c.jsonl").write_text('{"file": "a.png", "caption": "one"}\n\n{"file": "b/c.png", "capti\n')
    elif kind == "twice":
        (root / "c.jsonl").write_text('["c.png", "one"]\n{"file": "a.png", "caption": "one", "caption": "two"}')
    elif kind == "comma":
        (root / "c.csv").write_text("file,caption\na.png,one\nc.png,a red, small circle\n")
    elif kind == "wordless":
        (root / "c.csv").write_text("file,caption\na.png,one\nc.png,...\n")
    elif kind in ("empty", "orphan", "orphans"):
        for name in CAPTIONS:
            (root / f"{name}.txt").write_text("  \n" if kind == "empty" else "one")
        if kind != "empty":
            place = root / ("b/d.txt" if kind == "orphan" else "d/e.txt")
            place.parent.mkdir(exist_ok=True)
            place.write_text("one")
    elif kind == "bytes":
        for name in CAPTIONS:
            (root / f"{name}.txt").write_bytes(b"\xff\xfe\xfa")


@pytest.mark.filterwarnings("error::RuntimeWarning")
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
        ("huge", {"text": "e.npy"}, "not finite in 32 bits"),
        ("flat", {"text": "e.npy"}, "is not 2 rows of floats"),
        ("zeros", {"text": "e.npy"}, "has a row of zeros, that of picture 2"),
        ("nothing", {"text": "e.npy"}, "cannot be read as embeddings: No data left in file"),
        ("cut npz", {"text": "e.npy"}, "cannot be read as embeddings: File is not a zip"),
        ("header", {"text": "e.npy"}, "cannot be read as embeddings"),
        ("gone", {"captions": "c.jsonl"}, "c.jsonl has captions of pictures that are not there: gone.png; add the pictures"),
        ("broken", {"captions": "c.jsonl"}, 'as captions: line 3, column 21: .*; a line is as: {"file": "a.png", "caption": "cat"}'),
        ("twice", {"captions": "c.jsonl"}, "line 2: it gives caption two values: two and one"),
        ("comma", {"captions": "c.csv"}, "the line 'c.png,a red, small circle' has 3 cells, the first has 2; .* quotes around what holds"),
        ("wordless", {"captions": "c.csv"}, "1 of 2 captions hold no words: that of b/c.png"),
        ("empty", {}, "2 of 2 captions hold no words: that of a.png"),
        ("empty", {"text": "characters"}, "2 of 2 captions hold no characters: that of a.png"),
        ("orphan", {}, "pictures has captions of pictures that are not there: b/d.txt; add the pictures, or leave"),
        ("orphans", {}, "not there: d/e.txt"),
        ("none", {"text": "sentences"}, "give words, characters or a .npy file"),
    ],
)
def test_captions_that_are_lacking_or_unreadable_are_one_line(tmp_path, root, monkeypatch, kind, more, said) -> None:
    monkeypatch.chdir(tmp_path)
    prepare(tmp_path, root, kind)
    with pytest.raises(UserError, match=f"(?s){said}"):
        read(tmp_path, root, **more)


def test_captions_of_pictures_that_are_not_taken_are_not_missed(tmp_path, root) -> None:
    """Of another split, of a format that is not read, or no captions at all: texts where no picture lies beside."""
    for split in ("train", "test"):
        shutil.copytree(root, tmp_path / "split" / split / "x")
        for name in ("a", "b/c", "d"):
            (tmp_path / f"split/{split}/x/{name}.txt").write_text("one")
        (tmp_path / f"split/{split}/x/d.heic").touch()
    (tmp_path / "split/README.txt").write_text("Pictures.")
    assert read(tmp_path, tmp_path / "split")["text"].shape == (2, 256)
    rows = [[f"{split}/x/{name}", "one"] for split in ("train", "test") for name in ("a.png", "b/c.png", "d.heic")]
    (tmp_path / "c.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    assert read(tmp_path, tmp_path / "split", captions=str(tmp_path / "c.jsonl"))["text"].shape == (2, 256)


def test_a_line_may_hold_what_python_takes_for_the_end_of_one(tmp_path, root) -> None:
    lines = [json.dumps({"file": f"{name}.png", "caption": "one\u2028two"}, ensure_ascii=False) for name in CAPTIONS]
    (root / "c.jsonl").write_text("\r\n".join(lines), encoding="utf-8", newline="")
    assert np.array_equal(read(tmp_path, root, captions="c.jsonl")["text"][1], bag("one two", "words", 256))


def test_a_file_that_ends_too_early_in_a_component_is_no_interruption(tmp_path, root, monkeypatch, capsys) -> None:
    def fail(self, cache):
        raise EOFError("cut short")

    text = f"data: {{name: captioned, root: {root}, size: 8}}\ngenerator: {{name: mlp, hidden: [4]}}\ncritic: {{name: mlp, hidden: [4]}}\n"
    (tmp_path / "c.yaml").write_text(text + "loss: non_saturating\ntrain: {batch_size: 2, steps: 1, device: cpu, threads: 1}\n")
    monkeypatch.setattr(Captioned, "arrays", fail)
    assert invoke(["check", str(tmp_path / "c.yaml"), "--quiet"]) == 3
    assert "data set Captioned (test_captioned.py:" in (said := capsys.readouterr().err)
    assert "fails: EOFError: cut short; repair the component" in said


def test_a_caption_of_ones_own_is_told_as_those_of_the_data(tmp_path):
    data = Captioned(root=str(tmp_path), text_dim=32)
    assert np.array_equal(data.inputs_of_text("A white bird\n")["text"], bag("a white bird", "words", 32))
    with pytest.raises(UserError, match="it holds no words; write a caption"):
        data.inputs_of_text(" ?\n")
    with pytest.raises(UserError, match="embeddings, which ganzoo does not make of a text"):
        Captioned(root=str(tmp_path), text="e.npy").inputs_of_text("a bird")
