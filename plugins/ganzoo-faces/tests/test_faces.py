import numpy as np
import pytest
from ganzoo_faces.data import Faces
from ganzoo_faces.drawing import ATTRIBUTES, draw_faces

from ganzoo import Cache, UserError

CACHE = Cache()


def drawn(attributes: np.ndarray, seed: int = 0, size: int = 64) -> np.ndarray:
    return draw_faces(np.random.default_rng(seed), attributes, size).astype(int)


@pytest.mark.parametrize(("column", "name"), list(enumerate(ATTRIBUTES)))
def test_an_attribute_changes_its_place_and_nothing_else(column: int, name: str) -> None:
    without = np.zeros((20, len(ATTRIBUTES)), bool)
    with_it = without.copy()
    with_it[:, column] = True
    changed = np.abs(drawn(with_it) - drawn(without)).max(axis=1) > 8
    assert changed.any(axis=(1, 2)).all()
    rows = np.flatnonzero(changed.mean(axis=(0, 2)) > 0.02)
    first, last = {"glasses": (20, 40), "smile": (32, 50), "beard": (30, 60), "hat": (2, 32), "long_hair": (8, 64)}[name]
    assert first <= rows.min() < rows.max() < last


def test_half_of_the_faces_have_each_attribute_and_no_face_is_in_two_splits() -> None:
    found = {split: Faces(count=800, size=16, split=split, attributes=True).arrays(CACHE) for split in ("train", "val", "test")}  # type: ignore[arg-type]
    assert [len(arrays["sample"]) for arrays in found.values()] == [800, 100, 100]
    shares = (np.asarray(found["train"]["attributes"]) > 0).mean(axis=0)
    assert np.abs(shares - 0.5).max() < 0.07
    assert set(np.unique(found["test"]["attributes"])) == {-1.0, 1.0}
    faces = [face.tobytes() for arrays in found.values() for face in arrays["sample"]]
    assert len(set(faces)) == 1000


def test_more_faces_begin_with_the_same() -> None:
    few, many = (Faces(count=count, size=16, attributes=True).arrays(CACHE) for count in (30, 300))
    assert all(np.array_equal(few[name], many[name][:30]) for name in few)


def test_sources_are_thumbnails_and_faces_with_a_hole() -> None:
    small = Faces(count=4, size=16, low_resolution=4).arrays(CACHE)
    blocks = small["sample"][:].reshape(4, 3, 4, 4, 4, 4).mean((3, 5))
    assert np.abs(small["source"][:] - blocks).max() <= 0.5
    holed = Faces(count=4, size=16, mask="centre").arrays(CACHE)
    inside = np.broadcast_to(holed["mask"][:] > 0, (4, 3, 16, 16))
    assert inside.sum() == 4 * 3 * 64
    assert (holed["source"][:][inside] == 128).all()
    assert np.array_equal(holed["source"][:][~inside], holed["sample"][~inside])
    shown = Faces(count=4, size=16, mask="centre", overlap=2).arrays(CACHE)
    assert np.array_equal(shown["mask"][:], holed["mask"][:])
    assert (shown["source"][:][:, :, 6:10, 6:10] == 128).all()
    assert np.array_equal(shown["source"][:][:, :, 4:6], shown["sample"][:, :, 4:6])
    assert "hole_anywhere" not in holed
    assert Faces(count=4, size=16, mask="random").arrays(CACHE)["hole_anywhere"][:].tolist() == [1] * 4
    assert Faces(mask="centre").inputs_of(np.zeros((3, 16, 16), np.uint8)).keys() == {"source", "mask"}


@pytest.mark.parametrize(
    ("given", "said"), [({"low_resolution": 5}, "cannot be reduced 5 times"), ({"low_resolution": 4, "mask": "centre"}, "both")]
)
def test_what_cannot_be_drawn_is_refused(given: dict[str, object], said: str) -> None:
    with pytest.raises(UserError, match=said):
        Faces(**given)  # type: ignore[arg-type]
