"""Labels of a folder's pictures: splits are no classes, files name them, and a class without pictures is an error."""

import json
import shutil
from io import StringIO

import pytest
from ganzoo_data.folder import ImageFolder
from ganzoo_data.labels import read_labels
from ganzoo_data.pairs import Paired
from ganzoo_data.tree import File
from PIL import Image

from ganzoo import UserError
from ganzoo.cli import invoke
from ganzoo.data.cache import Cache
from ganzoo.ui.progress import LineReporter


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


@pytest.fixture
def root(tmp_path):
    return tmp_path / "data"


def paint(path, grey, width=20):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (width, 24), (grey,) * 3).save(path)


def greys(arrays):
    return [round(value / 10) * 10 for value in arrays["sample"][:].mean(axis=(1, 2, 3))]


def read(root, cache, **options):
    dataset = ImageFolder(root=str(root), size=8, **options)
    return dataset, dataset.arrays(cache)


def splits(root, names=("train", "val")):
    for i, split in enumerate(names):
        paint(root / split / "cat" / "a.png", 10 + 100 * i)
        paint(root / split / "dog" / "b.png", 20 + 100 * i)


@pytest.mark.parametrize(
    "names",
    [("train", "val"), ("Train", "Test"), ("training", "validation"), ("test", "train"), ("trn", "tst"), ("Training Data", "test-set")],
)
def test_splits_are_no_classes_and_hold_the_classes(names, root, tmp_path):
    splits(root, names)
    said = StringIO()
    dataset, arrays = read(root, Cache(tmp_path / "cache", LineReporter(said)))
    train = next(i for i, name in enumerate(names) if name.lower().startswith(("train", "trn")))
    assert greys(arrays) == [10 + 100 * train, 20 + 100 * train]
    assert (dataset.class_names, arrays["label"].tolist()) == (("cat", "dog"), [0, 1])
    assert f"are splits, of which {names[train]} is taken (data.split)" in said.getvalue()


def test_a_split_can_be_chosen_and_all_of_them_taken(root, cache):
    splits(root)
    assert greys(read(root, cache, split="val")[1]) == [110, 120]
    dataset, arrays = read(root, cache, split="all")
    assert greys(arrays) == [10, 20, 110, 120]
    assert (dataset.class_names, arrays["label"].tolist()) == (("cat", "dog"), [0, 1, 0, 1])
    dataset, arrays = read(root, cache, split=None)
    assert (dataset.class_names, arrays["label"].tolist()) == (("train", "val"), [0, 0, 1, 1])


def test_splits_without_classes_have_no_labels(root, cache):
    for i, split in enumerate(("train", "val")):
        paint(root / split / "a.png", 10 + 100 * i)
    dataset, arrays = read(root, cache)
    assert (greys(arrays), dataset.classes) == ([10], 0)


def test_where_it_cannot_know_it_asks(root, cache):
    splits(root, ("val", "test"))
    with pytest.raises(UserError, match=r"are splits: test, val; choose one as data.split, or all; null: they are classes"):
        read(root, cache)
    with pytest.raises(UserError, match=r"are splits: test, val; choose one"):
        read(root, cache, split="vali")


def test_a_class_called_train_beside_others_is_one(root, cache):
    for name in ("bus", "train"):
        paint(root / name / "a.png", 10)
    assert read(root, cache)[0].class_names == ("bus", "train")
    with pytest.raises(UserError, match=r"are no splits: bus, train; leave data.split out"):
        read(root, cache, split="train")


def test_the_order_is_that_of_torchvision(root, cache):
    torchvision = pytest.importorskip("torchvision")
    for name in ("2", "10", "a", "B", "é"):
        paint(root / name / "a.png", 10)
    assert list(read(root, cache)[0].class_names) == torchvision.datasets.ImageFolder(root).classes


def test_a_class_without_a_readable_picture_is_an_error(root, cache):
    splits(root, ("train",))
    (root / "train/cat/a.png").write_bytes(b"no picture")
    with pytest.raises(UserError, match=r"no picture of the class 'cat' in .* can be read"):
        read(root, cache, max_bad=0.9)


FORMS = {
    "header.csv": "filename,label\na.png,cat\nb/c.png,dog\n",
    "bare.csv": "a.png,cat\nb/c.png,dog\n",
    "turned.csv": "label,image\ncat,a.png\ndog,c.png\n",
    "tabs.csv": "\ufefffile\tclass\r\na.png\tcat\r\n\r\nb\\c.png\tdog\r\n\r\n",
    "stems.csv": "id,breed\na,cat\nc,dog\n",
    "map.json": json.dumps({"a.png": "cat", "./b/c.png": "dog"}),
    "pairs.json": json.dumps({"labels": [["a.png", "cat"], ["b/c.png", "dog"]]}),
    "items.json": json.dumps([{"file_name": "a.png", "label": "cat"}, {"file_name": "c.png", "label": "dog"}]),
    "one-hot.csv": "image,cat,dog,bird\na,1.0,0.0,0.0\nc,0,1,0\n",
    "metadata.jsonl": '{"file_name": "a.png", "label": "cat"}\n{"file_name": "b/c.png", "label": "dog"}\n',
}


@pytest.mark.parametrize("form", FORMS)
def test_labels_come_from_a_file(form, root, cache):
    paint(root / "a.png", 10)
    paint(root / "b" / "c.png", 20)
    (root / form).write_text(FORMS[form], encoding="utf-8", newline="")
    dataset, arrays = read(root, cache, labels=form)
    assert (dataset.class_names, arrays["label"].tolist()) == (("cat", "dog"), [0, 1])


def test_numbers_of_a_file_keep_their_order(root, cache):
    for i, name in enumerate(("a", "b", "c")):
        paint(root / f"{name}.png", 10 * i)
    (root.parent / "labels.json").write_text(json.dumps({"labels": [["a.png", 10], ["b.png", 2], ["c.png", 0]]}))
    dataset, arrays = read(root, cache, labels=str(root.parent / "labels.json"))
    assert (dataset.class_names, arrays["label"].tolist()) == (("0", "2", "10"), [2, 1, 0])


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("l.csv", "a.png,cat\n", "has labels of 1 pictures .*, but not 1 of 2 here: b.png"),
        ("l.csv", "a.png,\nb.png,dog\n", "gives a.png no label"),
        ("l.csv", "a.png,cat\na.png,dog\n", "gives a.png two labels: cat and dog"),
        ("l.csv", "image,cat,dog\na,1,0\nb,1,1\n", r"which of its columns is the label\? \(image, cat, dog\)"),
        ("l.csv", "image,breed,age\na,poodle,3\nb,pug,4\n", "could not convert string to float: 'poodle'"),
        ("l.csv", "a.png,cat,3\nb.png,dog,4\n", "it has 3 columns, and no first line that says which"),
        ("l.json", '[{"file": "a.png"}]', "does not say which is the file, which the label"),
        ("l.csv", "", "holds no labels"),
        ("l.csv", "a.png\n", "cannot be read as labels: 'a.png' has no comma"),
        ("l.txt", "a.png cat\nb.png dog\n", "'a.png cat' has no comma, semicolon or tab"),
        ("l.json", "{", "cannot be read as labels.*; a JSON file is as: {"),
        ("l.json", '{"a.png": "cat", "b.png": "cat", "a.png": "dog"}', "it gives a.png two values: dog and cat"),
        ("l.jsonl", '["a.png", "cat"]\n["b.png"', r'line 2, column \d+: .*; a line is as: {"file": "a.png", "label": "cat"}'),
        ("l.csv", "a.png,cat\nb.png\n", "the line 'b.png' has 1 cells, the first has 2"),
        ("l.json", '{"a.png": [1, 0]}', r"\[1, 0\] is not a name or a number"),
        ("gone.csv", None, "cannot be read as labels: No such file"),
    ],
)
def test_a_file_that_does_not_label_the_pictures_is_refused(name, text, words, root, cache):
    paint(root / "a.png", 10)
    paint(root / "b.png", 20)
    if text is not None:
        (root / name).write_text(text)
    with pytest.raises(UserError, match=words) as caught:
        read(root, cache, labels=name)
    assert "\n" not in str(caught.value)


def test_a_picture_called_as_a_column_needs_a_header(tmp_path):
    (tmp_path / "l.csv").write_text("id.png,cat\nb.png,dog\n")
    assert {name: row.label for name, row in read_labels(File(tmp_path, "l.csv")).rows.items()} == {"id.png": "cat", "b.png": "dog"}


def test_a_column_of_the_file_gives_the_splits(root, cache):
    for i, name in enumerate(("a", "b/a", "c")):
        paint(root / f"{name}.png", 10 * i)
    (root / "l.csv").write_text("file,label,split\na.png,cat,train\nb/a.png,dog,val\nc.png,dog,train\n")
    dataset, arrays = read(root, cache, labels="l.csv")
    assert (greys(arrays), arrays["label"].tolist(), dataset.class_names) == ([0, 20], [0, 1], ("cat", "dog"))
    assert greys(read(root, cache, labels="l.csv", split="val")[1]) == [10]
    assert greys(read(root, cache, labels="l.csv", split=None)[1]) == [0, 10, 20]
    with pytest.raises(UserError, match=r"the splits in l\.csv are splits: train, val; choose one as data\.split"):
        read(root, cache, labels="l.csv", split="test")


def test_one_name_in_each_split_is_told_by_the_column(root, cache):
    splits(root)
    rows = "a.png,x,train\nb.png,y,train\na.png,z,val\nb.png,z,val\n"
    (root / "l.csv").write_text("file,label,split\n" + rows.replace("a.png", "cat/a.png").replace("b.png", "dog/b.png"))
    assert read(root, cache, labels="l.csv")[0].class_names == ("x", "y")
    assert read(root, cache, labels="l.csv", split="val")[0].class_names == ("z",)
    assert read(root, cache, labels="l.csv", split="all")[0].class_names == ("x", "y", "z")


def test_each_split_has_its_own_file_in_folders_and_archives(root, cache):
    splits(root)
    for name, end in (("train", "x"), ("val", "y")):
        (root / name / "l.csv").write_text(f"cat/a.png,{end}1\nb.png,{end}2\n")
    shutil.make_archive(str(root.parent / "packed"), "zip", root)
    for place in (root, root.parent / "packed.zip"):
        for options, names in (({}, ("x1", "x2")), ({"split": "val"}, ("y1", "y2")), ({"split": "all"}, ("x1", "x2", "y1", "y2"))):
            dataset, arrays = read(place, cache, labels="l.csv", **options)
            assert (dataset.class_names, arrays["label"].tolist()) == (names, list(range(len(names))))


def test_pictures_beside_class_folders_take_the_labels_away_and_that_is_said(root, cache):
    for name in ("cat/a.png", "dog/b.png", "cover.png"):
        paint(root / name, 10)
    cache.reporter = LineReporter(said := StringIO())
    assert "label" not in read(root, cache)[1]
    assert "1 pictures lie in no sub-folder" in said.getvalue()


def test_pictures_that_are_not_read_are_counted_and_alone_an_error(root, cache):
    for name in ("a.HEIC", "deep/b.heic", "c.raw", "d.jxl", ".hidden.heic", "notes.txt"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")
    shutil.make_archive(str(root.parent / "packed"), "zip", root)
    for place in (root, root.parent / "packed.zip"):
        with pytest.raises(UserError, match=r"no pictures in .* but 2 \.heic, 1 \.jxl, 1 \.raw, which are not read here; convert them to"):
            read(place, cache)
    for name in ("e.png", "train/f.png"):
        paint(root / name, 10, width=48)
    shutil.make_archive(str(root.parent / "packed"), "zip", root)
    for make in (ImageFolder, Paired):
        for place in (root, root.parent / "packed.zip"):
            cache.reporter = LineReporter(said := StringIO())
            make(root=str(place), size=8).arrays(cache)
            assert said.getvalue().count("passed over 2 .heic, 1 .jxl, 1 .raw, which are not read here") == 1


def test_check_shows_the_classes_with_their_counts(root, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    for name, count in (("10", 1), ("2", 3)):
        for i in range(count):
            paint(root / name / f"{i}.png", 10 * i)
    text = f"data: {{name: folder, root: {root}, size: 28}}\ngenerator: {{name: mlp, hidden: [4]}}\ncritic: {{name: mlp, hidden: [4]}}\n"
    (tmp_path / "c.yaml").write_text(text + "loss: non_saturating\ntrain: {batch_size: 2, steps: 1, device: cpu, threads: 1}\n")
    assert invoke(["check", str(tmp_path / "c.yaml"), "--quiet"]) == 0, capsys.readouterr().err
    assert "10 (1), 2 (3)" in capsys.readouterr().out
    assert invoke(["check", str(tmp_path / "c.yaml"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["classes"] == {"10": 1, "2": 3}


def test_a_folder_without_pictures_is_no_class_and_is_named(root, cache):
    for name in ("train/a/1.png", "train/b/2.png", "val/a/3.png", "val/b/4.png"):
        paint(root / name, 10)
    for name in ("train/empty", "train/.ipynb_checkpoints", "val/other"):
        (root / name).mkdir()
    said = StringIO()
    cache.reporter = LineReporter(said)
    dataset, _ = read(root, cache)
    assert dataset.class_names == ("a", "b")
    assert "no pictures in empty, so there is no such class" in said.getvalue()
    assert "other" not in said.getvalue()
