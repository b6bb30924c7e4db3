"""The fingerprint of data: cheap, the same for the same data, another for other data."""

import time

import numpy as np
import pytest

from ganzoo.data.fingerprint import SAMPLED, WHOLE, compare_data, fingerprint
from ganzoo.errors import UserError


def images(n=100, size=8, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, 3, size, size), dtype=np.uint8)


def test_it_holds_names_count_and_content():
    labels = np.arange(100) % 2
    found = fingerprint({"sample": images(), "label": labels}, ("a", "b"))
    assert (found["class_names"], found["count"]) == (["a", "b"], 100)
    assert found == fingerprint({"label": labels, "sample": images()}, ("a", "b"))
    changed = images()
    changed[57, 0, 0, 0] ^= 1
    for other in ({"sample": changed, "label": labels}, {"sample": images(), "label": 1 - labels}, {"sample": images().astype(np.float32)}):
        assert fingerprint(other, ("a", "b"))["hash"] != found["hash"]


def test_the_fingerprint_of_200_000_images_takes_less_than_three_seconds():
    many = np.broadcast_to(images(1, 64), (200_000, 3, 64, 64))
    started = time.perf_counter()
    assert fingerprint({"sample": many, "label": np.zeros(200_000, np.int64)}, ())["count"] == 200_000
    assert time.perf_counter() - started < 3


def test_of_large_fields_rows_all_over_are_hashed():
    large = np.zeros((2 * SAMPLED, WHOLE // SAMPLED), np.uint8)
    before = fingerprint({"sample": large}, ())
    large[-1] = 1
    assert fingerprint({"sample": large}, ()) != before


def test_of_cached_images_every_checksum_counts():
    class Cached:
        def __init__(self, checksums):
            self.checksums, self.shape, self.dtype, self.nbytes = checksums, (10**6, 3, 64, 64), np.dtype(np.uint8), 10**11

        def __len__(self):
            return self.shape[0]

    sums = np.zeros(10**6, np.uint32)
    before = fingerprint({"sample": Cached(sums)}, ())
    sums[123_457] = 1
    assert fingerprint({"sample": Cached(sums)}, ()) != before


def test_of_data_that_is_apart_a_process_knows_its_own_only():
    before, now = (fingerprint({"sample": images(seed=seed)}, ("a",), True, "share 1 of 2") for seed in (0, 1))
    assert before.keys() == {"class_names", "hash of share 1 of 2"}
    assert "content has changed" in compare_data(before, now)
    assert compare_data(before, fingerprint({"sample": images()}, ("a",), True, "share 2 of 2")) == ""


def test_what_is_not_known_is_not_compared():
    now = fingerprint({"sample": images()}, ("a",))
    assert compare_data({}, now) == ""
    assert compare_data({"class_names": ["a"]}, now) == ""
    with pytest.raises(UserError, match="classes were b, and are now a"):
        compare_data({"class_names": ["b"]}, now)
