from ganzoo.testing import XFail, conformance_tests

PARAMETERS = {
    "dataset folder": {"root": "data/paired", "size": 16},
    "dataset captioned": {"root": "data/captioned", "size": 16},
    "dataset celeba": {"size": 16},
    "dataset arrays": {"file": "data/arrays/images.npz"},
    "dataset paired": {"root": "data/paired", "size": 16},
    "dataset unpaired": {"root": "data/unpaired", "size": 16},
    "dataset webdataset": {"shards": "data/webdataset/train-0.tar", "size": 16},
}
"""Each data set is read from the dozen samples of ``conftest.py``, small; folder from those in splits."""

REFUSES = [
    XFail(f"dataset {name}", "effects", f"max_bad only refuses, where pictures are damaged: {test}")
    for name, test in (
        ("captioned", "test_captioned.py"),
        ("celeba", "test_celeba.py"),
        ("folder", "test_hostile_images.py"),
        ("webdataset", "test_webdataset.py"),
    )
]

test_conformance = conformance_tests("ganzoo-data", parameters=PARAMETERS, expected=REFUSES)
