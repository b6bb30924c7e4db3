"""CIFAR-10 comes from the binary version, unpacked or not; nothing is unpickled or unpacked."""

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
from ganzoo_data import cifar
from ganzoo_data.cifar import CIFAR10

from ganzoo import UserError
from ganzoo.data.cache import Cache

TRAIN = [f"data_batch_{i}.bin" for i in range(1, 6)]


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


def records(count: int, seed: int = 0) -> np.ndarray:
    found = np.random.default_rng(seed).integers(0, 256, (count, 3073), np.uint8)
    found[:, 0] %= 10
    return found


def contents() -> dict[str, bytes]:
    return {name: records(4, seed).tobytes() for seed, name in enumerate([*TRAIN, "test_batch.bin"])}


def write_archive(path: Path, files: dict[str, bytes], folder: str = "cifar-10-batches-bin") -> None:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(f"{folder}/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


def write_folder(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def read(root: Path, cache: Cache, **options):
    return CIFAR10(root=str(root), download=False, **options).arrays(cache)


def check_train(arrays) -> None:
    expected = np.concatenate([records(4, seed) for seed in range(5)])
    assert arrays["label"].tolist() == expected[:, 0].tolist()
    assert arrays["label"].dtype == np.int64
    assert arrays["sample"].flags.c_contiguous
    np.testing.assert_array_equal(arrays["sample"], expected[:, 1:].reshape(20, 3, 32, 32))


def test_reads_the_archive_without_unpacking_it(tmp_path, cache):
    write_archive(tmp_path / "cifar-10-binary.tar.gz", contents())
    check_train(read(tmp_path, cache))
    assert [path.name for path in tmp_path.iterdir()] == ["cifar-10-binary.tar.gz"]


@pytest.mark.parametrize("place", ["cifar-10-batches-bin", "."])
def test_reads_the_folder(tmp_path, cache, place):
    write_folder(tmp_path / "data" / place, contents())
    check_train(read(tmp_path / "data", cache))


def test_the_test_split_is_one_file(tmp_path, cache):
    write_archive(tmp_path / "cifar-10-binary.tar.gz", contents())
    np.testing.assert_array_equal(read(tmp_path, cache, split="test")["label"], records(4, 5)[:, 0])


def test_order_in_the_archive_does_not_matter(tmp_path, cache):
    write_archive(tmp_path / "cifar-10-binary.tar.gz", dict(reversed(contents().items())))
    check_train(read(tmp_path, cache))


def test_members_that_lead_elsewhere_are_not_followed(tmp_path, cache):
    secret = tmp_path / "secret.bin"
    secret.write_bytes(records(4).tobytes())
    archive = tmp_path / "data" / "cifar-10-binary.tar.gz"
    archive.parent.mkdir()
    with tarfile.open(archive, "w:gz") as tar:
        for name, content in contents().items():
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            if name == "data_batch_1.bin":
                member.type, member.linkname = tarfile.SYMTYPE, str(secret)
                tar.addfile(member)
            else:
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
        planted = tarfile.TarInfo("../planted.bin")
        planted.size = 3
        tar.addfile(planted, io.BytesIO(b"bad"))
    with pytest.raises(UserError, match=r"lacks cifar-10-batches-bin/data_batch_1\.bin"):
        read(archive.parent, cache)
    assert {path.name for path in tmp_path.iterdir()} == {"secret.bin", "data"}


@pytest.mark.parametrize("keep", [0.3, 0.999])
def test_a_truncated_archive_is_refused(tmp_path, cache, keep):
    archive = tmp_path / "cifar-10-binary.tar.gz"
    write_archive(archive, contents())
    archive.write_bytes(archive.read_bytes()[: int(keep * archive.stat().st_size)])
    with pytest.raises(UserError, match=r"data\.root: .*cifar-10-binary\.tar\.gz (cannot be read|lacks).*delete it and get it again"):
        read(tmp_path, cache)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (records(4).tobytes()[:-1], "has 12291 bytes, wanted a multiple of 3073"),
        (b"", "has 0 bytes"),
        (bytes([10]) * 3073, "holds the label 10, wanted 0 to 9"),
    ],
)
def test_refuses_files_of_another_shape(tmp_path, cache, content, reason):
    write_folder(tmp_path / "data", contents() | {"data_batch_3.bin": content})
    with pytest.raises(UserError, match=reason):
        read(tmp_path / "data", cache)


def test_refuses_files_longer_than_published(tmp_path, cache, monkeypatch):
    monkeypatch.setattr(cifar, "MAX_FILE_BYTES", 3 * 3073)
    write_folder(tmp_path / "data", contents())
    with pytest.raises(UserError, match="more than 9219 bytes"):
        read(tmp_path / "data", cache)


def test_names_a_missing_batch(tmp_path, cache):
    write_folder(tmp_path / "data", contents())
    (tmp_path / "data" / "data_batch_4.bin").unlink()
    with pytest.raises(UserError, match=r"data_batch_4\.bin cannot be read: No such file"):
        read(tmp_path / "data", cache)


def test_the_python_version_is_not_read_and_the_reason_given(tmp_path, cache):
    (tmp_path / "cifar-10-batches-py").mkdir()
    with pytest.raises(UserError, match=r"get cifar-10-binary\.tar\.gz from .* made of pickles, which can run code: it is not read"):
        read(tmp_path, cache)


def test_fetches_the_archive(tmp_path, cache, monkeypatch):
    def give(urls, target, md5, reporter, by_hand) -> None:
        assert (urls, md5) == ([cifar.URL], cifar.MD5)
        write_archive(target, contents())

    monkeypatch.setattr(cifar, "fetch", give)
    check_train(CIFAR10(root=str(tmp_path)).arrays(cache))
