"""Images on the disk are read like an ndarray, each checked when it is first read, at steady memory; nothing wrong gets through."""

import os
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from ganzoo_data.disk_images import DiskImages
from hypothesis import given, settings
from hypothesis import strategies as st

from ganzoo import GanzooError

PIXELS = np.random.default_rng(0).integers(0, 256, (10, 3, 4, 4), np.uint8)


def write(folder: Path, discard=lambda: None) -> DiskImages:
    path = folder / "images.u8"
    path.write_bytes(PIXELS.tobytes())
    checksums = np.array([zlib.crc32(image) for image in PIXELS], np.uint32)
    return DiskImages(path, PIXELS.shape, checksums, discard)


@pytest.fixture(scope="module")
def images(tmp_path_factory) -> DiskImages:
    return write(tmp_path_factory.mktemp("rows"))


NUMBERS = st.integers(-10, 9)
SLICES = st.slices(10)
LISTS = st.lists(NUMBERS, max_size=12).map(lambda numbers: np.array(numbers, np.int64))
MASKS = st.lists(st.booleans(), min_size=10, max_size=10).map(np.array)


@settings(max_examples=200, deadline=None)
@given(first=NUMBERS | SLICES | LISTS | MASKS, rest=st.none() | st.just((0,)) | st.just((slice(None), slice(1, 3))))
def test_rows_are_picked_as_from_an_ndarray(images, first, rest):
    picked = first if rest is None else (first, *rest)
    np.testing.assert_array_equal(images[picked], PIXELS[picked])


def test_images_that_do_not_lie_one_after_the_other_are_found(tmp_path):
    places = np.array([0, 3, 4, 9])
    path = write(tmp_path).path
    checksums = np.array([zlib.crc32(image) for image in PIXELS[places]], np.uint32)
    images = DiskImages(path, (4, *PIXELS.shape[1:]), checksums, places=places)
    for picked in (slice(None), 3, np.array([2, 0]), slice(1, 3)):
        np.testing.assert_array_equal(images[picked], PIXELS[places][picked])


@pytest.mark.parametrize("outside", [10, -11, [0, 10], np.array([3, -11])])
def test_rows_that_are_not_there_are_an_index_error(images, outside):
    with pytest.raises(IndexError):
        images[outside]


def test_they_look_like_an_ndarray(images):
    assert (len(images), images.shape, images.dtype, images.nbytes) == (10, PIXELS.shape, PIXELS.dtype, PIXELS.nbytes)
    np.testing.assert_array_equal(np.asarray(images), PIXELS)
    assert np.asarray(images, np.float32).dtype == np.float32


def flip(path: Path, at: int) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 4]))


def test_a_damaged_image_is_refused_when_it_is_read_and_the_file_taken_out_of_use(tmp_path):
    discarded = []
    images = write(tmp_path, lambda: discarded.append(True))
    flip(images.path, 7 * 48 + 11)
    np.testing.assert_array_equal(images[:7], PIXELS[:7])
    assert discarded == []
    with pytest.raises(GanzooError, match=r"images\.u8 is damaged \(image 7 does not match.*start again, with --resume") as caught:
        images[np.array([9, 7, 1])]
    assert (caught.value.exit_code, discarded) == (3, [True])


def test_an_image_is_checked_once(tmp_path, monkeypatch):
    images = write(tmp_path)
    images[2:5]
    monkeypatch.setattr(zlib, "crc32", lambda image: pytest.fail("checked again"))
    images[np.array([4, 2, 3, 3])]


def test_a_file_cut_short_while_it_is_open_is_an_error_not_the_end_of_the_process(tmp_path):
    images = write(tmp_path)
    os.truncate(images.path, 5 * 48 + 10)
    np.testing.assert_array_equal(images[:5], PIXELS[:5])
    with pytest.raises(GanzooError, match="image 5 does not match its checksum"):
        images[4:7]


def test_a_disk_that_does_not_deliver_is_named(tmp_path, monkeypatch):
    def fails(*arguments) -> int:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "preadv", fails)
    with pytest.raises(GanzooError, match=r"images\.u8 cannot be read: Input/output error; look after the disk"):
        write(tmp_path)[0]


STEADY = """
import resource, sys, zlib
from pathlib import Path
import numpy as np
import torch
from ganzoo_data.disk_images import DiskImages
from ganzoo.engine.batches import Batches
from ganzoo.engine.device import Runtime
from ganzoo.fields import DataSpec

torch.set_num_threads(1)
each, size = 3 * 64 * 64, 32 << 30
count = size // each
path = Path(sys.argv[1])
with path.open("wb") as file:
    file.truncate(count * each)  # a hole: it takes no room
checksums = np.full(count, zlib.crc32(bytes(each)), np.uint32)
images = DiskImages(path, (count, 3, 64, 64), checksums)
runtime = Runtime(torch.device("cpu"), "fp32", "highest")
batches = Batches({"sample": images}, DataSpec({"sample": (3, 64, 64)}), 64, 0, True, runtime)

def resident():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmRSS")).split()[1]) >> 10  # MiB

from ganzoo.engine import runner
from ganzoo.data import digits
from ganzoo_data import celeba, cifar, folder, mnist
assert len(digits.Digits().arrays(None)["label"]) == 10_000
assert "torchvision" not in sys.modules  # it is for data sets that download, and takes a second to import
for _ in range(20):
    batches.next()
before = resident()
# No more memory of its own than now, and 64 MiB: a data set read into memory would end here.
resource.setrlimit(resource.RLIMIT_DATA, (int(open("/proc/self/statm").read().split()[5]) * resource.getpagesize() + (64 << 20),) * 2)
for _ in range(300):
    batch = batches.next()
assert batch["sample"].shape == (64, 3, 64, 64)
print(resident() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.promise("Disk and folders", "A data set larger than memory is read at steady memory")
def test_a_data_set_larger_than_memory_is_read_at_steady_memory(tmp_path, found):
    """32 GiB, of which 300 batches read 225 MiB: the process grows by less than 16 MiB."""
    done = subprocess.run([sys.executable, "-c", STEADY, str(tmp_path / "large.u8")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) < 16
    found(f"32 GiB, 300 batches: {int(done.stdout)} MiB of growth")
