"""The metrics that see with the digit classifier, and the statistics that they keep."""

import numpy as np
import pytest
import torch
from ganzoo_metrics.classifier_fid import ClassifierFID
from ganzoo_metrics.digit_classifier import DigitClassifier, load_digit_classifier
from ganzoo_metrics.precision_recall import PrecisionRecall
from metric_subjects import CPU, DIGITS, make_subject, measured

from ganzoo import GanzooError, UserError
from ganzoo.data.cache import Cache
from ganzoo.data.digits import Digits
from ganzoo.metrics.real import to_float
from ganzoo.rundir import checkpoint


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    return dict(Digits().arrays(Cache(tmp_path_factory.mktemp("digits"))))


class Clothes(Digits):
    class_names = ("T-shirt/top", "Trouser", "Pullover")


class TestJudged:
    def test_the_data_against_itself_is_at_nothing(self, tmp_path, digits):
        real = {name: array[:600] for name, array in digits.items()}
        found = measured(ClassifierFID(DIGITS, samples=600), make_subject(tmp_path, DIGITS, real, real, conditional=True))
        assert found["classifier_fid"] == pytest.approx(0, abs=1e-6)
        assert found["class_kl"] == 0
        with torch.no_grad():
            seen = load_digit_classifier()(to_float(real["sample"].copy(), CPU)).argmax(1)
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
        with pytest.raises(UserError, match="the digit classifier knows digits, this data's classes are T-shirt/top, Trouser"):
            ClassifierFID(DIGITS).prepare(make_subject(tmp_path, DIGITS, digits, digits, Clothes()))

    def test_precision_and_recall_by_the_judge(self, tmp_path, digits):
        same = {"sample": digits["sample"][:200]}
        metric = PrecisionRecall(DIGITS, network="digits", samples=200, real_samples=None)
        assert measured(metric, make_subject(tmp_path, DIGITS, same, same)) == {"precision": 1, "recall": 1}
        assert metric.provenance()["network"].startswith("digits ")

    def test_features_that_are_not_finite_are_an_error(self, tmp_path, digits, monkeypatch):
        monkeypatch.setattr(DigitClassifier, "features", lambda self, images: torch.full((len(images), 128), torch.nan))
        with pytest.raises(GanzooError, match="not finite"):
            measured(ClassifierFID(DIGITS, samples=200), make_subject(tmp_path, DIGITS, digits, digits))
        assert list(tmp_path.iterdir()) == []


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
        found = checkpoint.decode(path.read_bytes(), path.name)
        found["arrays"]["mean"][3] = torch.nan
        path.write_bytes(checkpoint.encode(found))
        with pytest.raises(UserError, match="values in 'mean' that are not finite; delete"):
            metric.measure(subject)

    def test_sealed_by_somebody_else_are_refused(self, kept):
        metric, subject, path = kept
        path.write_bytes(checkpoint.encode({"arrays": {}}))
        with pytest.raises(UserError, match=r"of something else: None, .*; delete"):
            metric.measure(subject)

    def test_in_a_folder_that_takes_none_are_computed_all_the_same(self, tmp_path, digits, capsys):
        (tmp_path / "file").write_text("no folder")
        subject = make_subject(tmp_path / "file" / "inside", DIGITS, digits, {name: array[:300] for name, array in digits.items()})
        assert measured(ClassifierFID(DIGITS, samples=200), subject)["classifier_fid"] > 0
        assert "the statistics are not kept" in capsys.readouterr().err
