from ganzoo.testing import XFail, conformance_tests

PARAMETERS = {
    "dataset folder": {"root": "data/folder", "size": 16},
    "dataset celeba": {"size": 16},
    "dataset arrays": {"file": "data/arrays/images.npz"},
    "dataset paired": {"root": "data/paired", "size": 16},
    "dataset unpaired": {"root": "data/unpaired", "size": 16},
    "dataset webdataset": {"shards": "data/webdataset/train-0.tar", "size": 16},
}
"""Each data set is read from the dozen samples of ``conftest.py``, small."""

ALIKE = [
    XFail(f"dataset {name}", "effects", "the dozen samples are alike in this: tests/test_every_key.py has others")
    for name in ("mnist", "fashion_mnist", "kmnist", "celeba", "folder", "webdataset", "arrays", "paired", "unpaired")
]
"""Data sets of which another split, part or limit shows with other data."""

test_conformance = conformance_tests("ganzoo-data", parameters=PARAMETERS, expected=ALIKE)
