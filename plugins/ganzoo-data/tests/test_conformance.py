from ganzoo.testing import conformance_tests

PARAMETERS = {
    "dataset folder": {"root": "data/folder", "size": 16},
    "dataset celeba": {"size": 16},
    "dataset webdataset": {"shards": "data/webdataset/train-0.tar", "size": 16},
}
"""Each data set is read from the dozen samples of ``conftest.py``, small."""

test_conformance = conformance_tests("ganzoo-data", parameters=PARAMETERS)
