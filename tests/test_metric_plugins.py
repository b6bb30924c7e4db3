"""The metrics as components: numbers that agree with the mathematics, memory that does not grow, bad input that is refused.

Inception has random weights here, in a file: what it sees means nothing, how it is used does.
"""

import hashlib
import json
import tracemalloc

import numpy as np
import pytest
import torch

from ganzoo import DataSpec, GanzooError, Metric, Subject, UserError
from ganzoo.builtins import ganzoo_metrics
from ganzoo.data.cache import Cache
from ganzoo.data.mnist import Digits, FashionMNIST
from ganzoo.data.toys import Grid, Ring
from ganzoo.metrics.classifier_fid import ClassifierFID
from ganzoo.metrics.fid import FID
from ganzoo.metrics.inception import InceptionNetwork, load_inception
from ganzoo.metrics.inception_score import inception_score
from ganzoo.metrics.judge import Judge, load_judge
from ganzoo.metrics.kernel import kernel_distance
from ganzoo.metrics.kid import KID
from ganzoo.metrics.manifold import precision_recall
from ganzoo.metrics.mode_coverage import Modes
from ganzoo.metrics.networks import SeeingNetwork
from ganzoo.metrics.precision_recall import PrecisionRecall
from ganzoo.metrics.real import RealSamples, as_seen
from ganzoo.metrics.recognition import InceptionScore
from ganzoo.metrics.statistics import Statistics, decode, encode
from ganzoo.progress import reporter
from ganzoo.registry import Registry

CPU = torch.device("cpu")
DIGITS = DataSpec({"sample": (1, 28, 28), "label": ()}, 10)
COLOUR = DataSpec({"sample": (3, 32, 32)})
POINTS = DataSpec({"sample": (2,)}, scale=0.7)
SERVES = {
    (1, 28, 28): {"classifier_fid"},
    (3, 28, 28): {"fid", "inception_score", "kid", "precision_recall", "stacked_modes"},
    (3, 32, 32): {"fid", "inception_score", "kid", "precision_recall"},
    (2,): {"modes"},
    (4, 8, 8): set(),
}
"""Which metrics take which data, by their defaults."""
FEW = 12
"""Images that Inception sees here: it is slow."""


def pictures(seed, n=FEW, channels=3):
    return np.random.default_rng(seed).integers(0, 256, (n, channels, 32, 32), np.uint8)


def batches(arrays, n, size=250):
    for start in range(0, n, size):
        yield {name: as_seen(array[start : min(start + size, n)].copy(), CPU) for name, array in arrays.items()}


def make_subject(folder, data, made, real, dataset=None, conditional=False):
    """A subject of given arrays, field -> (N, ...)."""
    return Subject(
        data,
        dataset or Digits(),
        make=lambda n: batches(made, n),
        real=RealSamples(data, lambda split: real),
        conditional=conditional,
        device=CPU,
        facts={"seed": 0},
        statistics=Statistics(folder, reporter(quiet=True)),
    )


def measured(metric, subject):
    metric.prepare(subject)
    return metric.measure(subject)


@pytest.fixture
def given(inception_weights):
    """As parameters of a metric."""
    return {"weights": str(inception_weights[0]), "sha256": inception_weights[1]}


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    return dict(Digits().arrays(Cache(tmp_path_factory.mktemp("digits"))))


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


@pytest.mark.parametrize("name", ganzoo_metrics())
class TestEveryMetric:
    def test_says_where_it_comes_from_and_is_one(self, name):
        cls = Registry.installed().find("metric", f"ganzoo-core/{name}").load()
        assert issubclass(cls, Metric)
        assert cls.paper

    @pytest.mark.parametrize("shape", SERVES, ids=str)
    def test_serves_some_data_and_says_why_not_the_rest(self, name, shape):
        cls = Registry.installed().find("metric", f"ganzoo-core/{name}").load()
        refusal = ""
        try:
            cls(DataSpec({"sample": shape}))
        except UserError as error:
            refusal = error.remedy
        assert (refusal == "") == (name in SERVES[shape])


class TestInception:
    def test_fid_is_the_distance_of_the_features_that_the_network_gives(self, tmp_path, given, inception_weights, monkeypatch):
        """Up to the moments; the distance between them has tests of its own."""
        compared = []
        monkeypatch.setattr("ganzoo.metrics.fid.require_enough_samples", lambda *_: None)
        monkeypatch.setattr("ganzoo.metrics.fid.frechet_distance", lambda *moments: compared.extend(moments) or 1.25)
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
        found = measured(KID(COLOUR, samples=FEW, real_samples=None, subsets=4, subset_size=6, **given), subject)
        wanted = kernel_distance(x, y, subsets=4, subset_size=6)
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
    def test_weights_that_cannot_be_used_are_one_error(self, tmp_path, inception_weights, metric, fault):
        path, executed, folder = tmp_path / "weights.pth", tmp_path / "executed", tmp_path / "statistics"
        if fault in ("truncated", "wrong"):
            content = inception_weights[0].read_bytes()
            path.write_bytes(content[:-1000] if fault == "truncated" else content[:-1] + bytes([content[-1] ^ 1]))
            sha256 = inception_weights[1]
        else:
            torch.save({"x": Planted(str(executed)) if fault == "pickle" else torch.zeros(1)}, path)
            sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        real = np.broadcast_to(pictures(0, 1), (10_000, 3, 32, 32))
        subject = make_subject(folder, COLOUR, {"sample": pictures(1)}, {"sample": real})
        with pytest.raises(UserError, match=r"weights\.pth"):
            metric(COLOUR, weights=str(path), sha256=sha256).prepare(subject)
        assert not executed.exists()
        assert not folder.exists()


class Planted:
    """Pickled code: it would make a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (self.path, "w"))


class TestJudged:
    def test_the_data_against_itself_is_at_nothing(self, tmp_path, digits):
        real = {name: array[:600] for name, array in digits.items()}
        found = measured(ClassifierFID(DIGITS, samples=600), make_subject(tmp_path, DIGITS, real, real, conditional=True))
        assert found["classifier_fid"] == pytest.approx(0, abs=1e-6)
        assert found["class_kl"] == 0
        with torch.no_grad():
            seen = load_judge()(as_seen(real["sample"].copy(), CPU)).argmax(1)
        assert found["conditional_accuracy"] == pytest.approx(float((seen.numpy() == real["label"]).mean()))

    def test_a_generator_of_one_digit_has_the_divergence_of_one_class(self, tmp_path, digits):
        only = digits["label"] == 1
        made, real = {name: array[only][:300] for name, array in digits.items()}, {name: array[:2000] for name, array in digits.items()}
        found = measured(ClassifierFID(DIGITS, samples=300), make_subject(tmp_path, DIGITS, made, real))
        assert found["class_kl"] == pytest.approx(np.log(10), abs=0.2)
        assert found["classifier_fid"] > 20
        assert "conditional_accuracy" not in found

    def test_wrong_labels_cost_accuracy(self, tmp_path, digits):
        made = {name: array[:200] for name, array in digits.items()}
        wrong = made | {"label": (made["label"] + 1) % 10}
        found = measured(ClassifierFID(DIGITS, samples=200), make_subject(tmp_path, DIGITS, wrong, made, conditional=True))
        assert found["conditional_accuracy"] < 0.05

    def test_clothes_are_no_digits(self, tmp_path, digits):
        with pytest.raises(UserError, match="the judge knows digits, this data's classes are T-shirt/top, Trouser"):
            ClassifierFID(DIGITS).prepare(make_subject(tmp_path, DIGITS, digits, digits, FashionMNIST()))

    def test_precision_and_recall_by_the_judge(self, tmp_path, digits):
        same = {"sample": digits["sample"][:200]}
        metric = PrecisionRecall(DIGITS, network="judge", samples=200, real_samples=None)
        assert measured(metric, make_subject(tmp_path, DIGITS, same, same)) == {"precision": 1, "recall": 1}
        assert metric.provenance()["network"].startswith("judge ")

    def test_features_that_are_not_finite_are_an_error(self, tmp_path, digits, monkeypatch):
        monkeypatch.setattr(Judge, "features", lambda self, images: torch.full((len(images), 128), torch.nan))
        with pytest.raises(GanzooError, match="not finite"):
            measured(ClassifierFID(DIGITS, samples=200), make_subject(tmp_path, DIGITS, digits, digits))
        assert list(tmp_path.iterdir()) == []


class TestSamples:
    @pytest.mark.parametrize(
        ("make", "said"),
        [
            (lambda: FID(COLOUR, samples=2048), "at least 2049"),
            (lambda: FID(COLOUR, real_samples=100), "at least 2049"),
            (lambda: ClassifierFID(DIGITS, samples=128), "at least 129"),
            (lambda: KID(COLOUR, samples=999), "at least 1000"),
            (lambda: InceptionScore(COLOUR, samples=9), "at least 10"),
            (lambda: PrecisionRecall(COLOUR, samples=3), "at least 4"),
        ],
        ids=["fid", "fid real", "classifier_fid", "kid", "inception_score", "precision_recall"],
    )
    def test_too_few_are_refused_before_anything_is_opened(self, make, said):
        with pytest.raises(UserError, match=said):
            make()

    def test_too_few_real_ones_are_refused_before_anything_is_seen(self, tmp_path, given):
        subject = make_subject(tmp_path, COLOUR, {}, {"sample": pictures(0, 100)})
        with pytest.raises(UserError, match="100 samples are too few for 2048 features"):
            FID(COLOUR, **given).prepare(subject)

    def test_a_part_of_the_real_ones_is_drawn_the_same_each_time(self, tmp_path):
        subject = make_subject(tmp_path, POINTS, {}, {"sample": np.zeros((1000, 2), np.float32), "label": np.arange(1000)})
        first, again = (torch.cat([fields["label"] for fields in subject.real(100)]).tolist() for _ in range(2))
        assert first == again == sorted(set(first))
        assert first[-1] > 800  # not the first hundred: files may lie sorted by class

    def test_images_have_the_levels_of_bytes(self):
        seen = as_seen(np.array([0, 1, 128, 255], np.uint8), CPU)
        assert seen.dtype == torch.float32
        assert seen.tolist() == pytest.approx([-1, 1 / 127.5 - 1, 128 / 127.5 - 1, 1], abs=1e-6)

    def test_fifty_thousand_need_no_more_memory_than_a_batch(self):
        """Of features: numpy tells tracemalloc of its memory, so the features come from there."""
        size = 300

        class Wide(torch.nn.Module):
            feature_size = size

            def features(self, images, *, repeat_grey=False):
                return torch.from_numpy(np.random.default_rng(0).standard_normal((len(images), size), np.float32))

        network = SeeingNetwork("wide", "0" * 64, Wide(), batch=250)

        def peak_of(see):
            stream = ({"sample": torch.zeros(250, 1, 1, 1)} for _ in range(200))
            tracemalloc.start()
            see(stream)
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            return peak / (250 * size * 4)  # in batches of features

        assert peak_of(lambda stream: network.moments(stream, CPU)) < 10
        assert peak_of(lambda stream: list(network.features(stream))) > 190  # what holding them all would cost


class TestToys:
    @pytest.mark.parametrize("toy", [Ring(count=2500), Grid(count=2500)])
    def test_the_data_itself_covers_all_modes(self, tmp_path, toy):
        arrays = toy.arrays(Cache(tmp_path / "cache"))
        found = measured(Modes(POINTS), make_subject(tmp_path, POINTS, arrays, arrays, toy))
        assert found["modes"] == len(toy.centres)
        assert found["high_quality"] == pytest.approx(0.989, abs=0.01)

    def test_what_has_no_centres_is_refused(self, tmp_path):
        with pytest.raises(UserError, match="does not say where its modes are"):
            Modes(POINTS).prepare(make_subject(tmp_path, POINTS, {}, {}))


class TestStatistics:
    """Files that are whole and wrong: somebody put them there."""

    @pytest.fixture
    def kept(self, tmp_path, digits):
        """The metric, a subject of it, and the one file of statistics that its first measurement leaves."""
        metric = ClassifierFID(DIGITS, samples=200)
        subject = make_subject(tmp_path, DIGITS, digits, {name: array[:300] for name, array in digits.items()})
        measured(metric, subject)
        (path,) = tmp_path.iterdir()
        return metric, subject, path

    def test_of_another_data_set_are_refused(self, kept, tmp_path, digits):
        metric, subject, path = kept
        metric.measure(make_subject(tmp_path, DIGITS, digits, {name: array[300:600] for name, array in digits.items()}))
        (foreign,) = set(tmp_path.iterdir()) - {path}
        path.write_bytes(foreign.read_bytes())
        with pytest.raises(UserError, match=r"of something else: .*; delete"):
            metric.measure(subject)

    def test_with_nan_are_refused(self, kept):
        metric, subject, path = kept
        body = path.read_bytes().partition(b"\n")[2]
        text = json.loads(body[8 : 8 + int.from_bytes(body[:8], "little")])["__metadata__"]["key"]
        arrays = {name: array.copy() for name, array in decode(path.read_bytes(), text, path).items()}
        arrays["mean"][3] = np.nan
        path.write_bytes(encode(arrays, text))
        with pytest.raises(UserError, match="values in 'mean' that are not finite; delete"):
            metric.measure(subject)

    def test_sealed_by_somebody_else_are_refused(self, kept):
        metric, subject, path = kept
        body = b"\x10\0\0\0\0\0\0\0{no json at all}"
        path.write_bytes(b"ganzoo-statistics 1 %s\n" % hashlib.sha256(body).hexdigest().encode() + body)
        with pytest.raises(UserError, match="cannot be read; delete"):
            metric.measure(subject)

    def test_in_a_folder_that_takes_none_are_computed_all_the_same(self, tmp_path, digits, capsys):
        (tmp_path / "file").write_text("no folder")
        subject = make_subject(tmp_path / "file" / "inside", DIGITS, digits, {name: array[:300] for name, array in digits.items()})
        assert measured(ClassifierFID(DIGITS, samples=200), subject)["classifier_fid"] > 0
        assert "the statistics are not kept" in capsys.readouterr().err
