"""The metrics that see with Inception. It has random weights here: what it sees means nothing, how it is used does."""

import hashlib

import numpy as np
import pytest
import torch
from ganzoo_metrics import inception
from ganzoo_metrics.fid import FID
from ganzoo_metrics.inception import InceptionNetwork, load_inception
from ganzoo_metrics.inception_score import inception_score
from ganzoo_metrics.kernel import kernel_distance
from ganzoo_metrics.kid import KID
from ganzoo_metrics.manifold import precision_recall
from ganzoo_metrics.precision_recall import PrecisionRecall
from ganzoo_metrics.recognition import InceptionScore
from metric_subjects import COLOUR, FEW, make_subject, measured, pictures

from ganzoo import DataSpec, UserError


@pytest.fixture(autouse=True)
def _small_input(monkeypatch):
    """The network reads images of 75 rows, which costs a sixteenth; those of 299 are compared with pytorch-fid in test_inception.py."""
    monkeypatch.setattr(inception, "INPUT_SIZE", 75)


@pytest.fixture
def given(inception_weights):
    """As parameters of a metric."""
    return {"weights": str(inception_weights[0]), "sha256": inception_weights[1]}


@pytest.fixture(scope="module")
def spoiled(inception_weights, tmp_path_factory):
    """A folder of each fault of the file itself, with the weights that have it."""
    folder, content = tmp_path_factory.mktemp("spoiled"), inception_weights[0].read_bytes()
    for fault, spoilt in (("truncated", content[:-1000]), ("wrong", content[:-1] + bytes([content[-1] ^ 1]))):
        (folder / fault).mkdir()
        (folder / fault / "weights.pth").write_bytes(spoilt)
    return folder


@pytest.fixture
def seen(monkeypatch):
    """Two features in place of 2,048, so that a dozen images are enough; collects the sizes of what is seen at once."""
    sizes = []

    def features(self, images, *, repeat_grey=False):
        sizes.append(len(images))
        return images.flatten(2).mean(2)[:, :2] * 10

    monkeypatch.setattr(InceptionNetwork, "features", features)
    monkeypatch.setattr(InceptionNetwork, "feature_size", 2)
    return sizes


class TestInception:
    def test_fid_is_the_distance_of_the_features_that_the_network_gives(self, tmp_path, given, inception_weights, monkeypatch):
        """Up to the moments; the distance between them has tests of its own."""
        compared = []
        monkeypatch.setattr("ganzoo_metrics.fid.require_enough_samples", lambda *_: None)
        monkeypatch.setattr("ganzoo_metrics.fid.frechet_distance", lambda *moments: compared.extend(moments) or 1.25)
        real, made = pictures(0), pictures(1)
        subject = make_subject(tmp_path, COLOUR, {"sample": made}, {"sample": real})
        metric = FID(COLOUR, samples=FEW, **given)
        assert measured(metric, subject) == {"fid": 1.25}
        assert metric.provenance() == {"network": f"inception {inception_weights[1][:12]}"}
        assert (subject.facts["samples"], subject.facts["real_samples"]) == (FEW, FEW)
        network = load_inception(inception_weights[0], sha256=inception_weights[1])
        for moments, images in zip(compared, (real, made), strict=True):
            with torch.no_grad():
                features = network.features(torch.from_numpy(images)).double()
            assert moments.count == FEW
            torch.testing.assert_close(moments.mean, features.mean(0), rtol=1e-4, atol=1e-6)
            torch.testing.assert_close(moments.covariance, features.T.cov(), rtol=1e-3, atol=1e-6)

    def test_kid_and_scores_are_those_of_the_features(self, tmp_path, given, inception_weights):
        real, made = pictures(0), pictures(1)
        network = load_inception(inception_weights[0], sha256=inception_weights[1])
        with torch.no_grad():
            x, y = (network.features(torch.from_numpy(images)) for images in (real, made))
            score = inception_score(network.logits_of(y), splits=3)
        subject = make_subject(tmp_path, COLOUR, {"sample": made}, {"sample": real})
        found = measured(KID(COLOUR, samples=FEW, real_samples=None, subsets=4, subset_size=3, **given), subject)
        wanted = kernel_distance(x, y, subsets=4, subset_size=3)
        assert found == {"kid": pytest.approx(wanted.mean, rel=1e-4), "kid_deviation": pytest.approx(wanted.deviation, rel=1e-3)}
        found = measured(InceptionScore(COLOUR, samples=FEW, splits=3, **given), subject)
        assert found["inception_score"] == pytest.approx(score.mean, rel=1e-5)
        found = measured(PrecisionRecall(COLOUR, samples=FEW, real_samples=None, **given), subject)
        assert found == precision_recall(x, y)._asdict()

    def test_it_never_sees_more_than_a_batch(self, tmp_path, given, seen):
        arrays = {"sample": pictures(0, 100)}
        measured(FID(COLOUR, samples=2049, **given), make_subject(tmp_path, COLOUR, {"sample": pictures(1, 2049)}, arrays))
        assert max(seen) <= 32
        assert sum(seen) == 2049 + 100

    def test_real_samples_are_seen_once(self, tmp_path, given, seen):
        arrays = {"sample": pictures(0, 50)}
        for _ in range(2):
            measured(FID(COLOUR, samples=200, **given), make_subject(tmp_path, COLOUR, {"sample": pictures(1, 200)}, arrays))
        assert sum(seen) == 2 * 200 + 50

    @pytest.mark.parametrize("change", ["pixel", "count", "order"])
    def test_other_real_samples_are_seen_anew(self, tmp_path, given, seen, change):
        first, made = pictures(0, 50), {"sample": pictures(1, 200)}
        other = {"pixel": first.copy(), "count": first[:49], "order": first[::-1]}[change]
        if change == "pixel":
            other[7, 0, 3, 3] ^= 1
        for real in (first, other):
            measured(FID(COLOUR, samples=200, **given), make_subject(tmp_path, COLOUR, made, {"sample": real}))
        assert sum(seen) == 2 * 200 + 50 + len(other)
        assert len(list(tmp_path.iterdir())) == 2

    def test_grey_images_are_seen_only_where_asked(self, tmp_path, given):
        grey = DataSpec({"sample": (1, 32, 32)})
        with pytest.raises(UserError, match=r"these are grey; .*classifier_fid.*repeat_grey"):
            InceptionScore(grey, samples=FEW, splits=2, **given)
        subject = make_subject(tmp_path, grey, {"sample": pictures(0, channels=1)}, {})
        metric = InceptionScore(grey, samples=FEW, splits=2, repeat_grey=True, **given)
        assert measured(metric, subject)["inception_score"] >= 1 - 1e-9
        assert metric.provenance()["repeat_grey"] is True

    @pytest.mark.parametrize("given", [{"weights": "w.pth"}, {"sha256": "0123456789"}, {"repeat_grey": True}])
    def test_what_concerns_inception_alone_is_refused_beside_the_digit_classifier(self, given):
        with pytest.raises(UserError, match="the digit classifier brings its own weights"):
            PrecisionRecall(DataSpec({"sample": (1, 28, 28)}), network="digits", **given)

    def test_its_weights_are_found_by_variable_and_in_the_cache(self, tmp_path, inception_weights, monkeypatch):
        subject = make_subject(tmp_path, COLOUR, {}, {})
        metric = InceptionScore(COLOUR, sha256=inception_weights[1])
        monkeypatch.setenv("GANZOO_CACHE", str(tmp_path))
        monkeypatch.delenv("GANZOO_INCEPTION", raising=False)
        with pytest.raises(UserError, match=r"does not exist; download https://\S+ to there, or name the file: --inception-weights"):
            metric.prepare(subject)
        (tmp_path / "pt_inception-2015-12-05-6726825d.pth").symlink_to(inception_weights[0])
        metric.prepare(subject)
        monkeypatch.setenv("GANZOO_INCEPTION", str(tmp_path / "absent.pth"))
        with pytest.raises(UserError, match=r"absent\.pth cannot be read"):
            InceptionScore(COLOUR, sha256=inception_weights[1]).prepare(subject)

    @pytest.mark.parametrize("metric", [FID, KID, PrecisionRecall, InceptionScore])
    @pytest.mark.parametrize("fault", ["truncated", "wrong", "pickle", "other network"])
    def test_weights_that_cannot_be_used_are_one_error(self, tmp_path, inception_weights, spoiled, metric, fault):
        path, executed, folder = tmp_path / "weights.pth", tmp_path / "executed", tmp_path / "statistics"
        if fault in ("truncated", "wrong"):
            path, sha256 = spoiled / fault / "weights.pth", inception_weights[1]
        else:
            torch.save({"x": Planted(str(executed)) if fault == "pickle" else torch.zeros(1)}, path)
            sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        real = np.broadcast_to(pictures(0, 1), (10_000, 3, 32, 32))
        subject = make_subject(folder, COLOUR, {"sample": pictures(1)}, {"sample": real})
        with pytest.raises(UserError, match=r"weights\.pth"):
            metric(COLOUR, weights=str(path), sha256=sha256).prepare(subject)
        assert not executed.exists()
        assert not folder.exists()

    def test_too_few_real_ones_are_refused_before_anything_is_seen(self, tmp_path, given):
        subject = make_subject(tmp_path, COLOUR, {}, {"sample": pictures(0, 100)})
        with pytest.raises(UserError, match="100 samples are too few for 2048 features"):
            FID(COLOUR, **given).prepare(subject)


class Planted:
    """Pickled code: it would make a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (self.path, "w"))
