"""The digit classifier: pinned weights, refused otherwise, and features that do not depend on the batch."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import torch
from ganzoo_metrics.digit_classifier import CLASSIFIER_SHA256, CLASSIFIER_WEIGHTS, DigitClassifier, load_digit_classifier
from safetensors.torch import save_file

from ganzoo.data.cache import Cache
from ganzoo.data.digits import Digits
from ganzoo.errors import UserError


def test_the_shipped_weights_are_pinned_and_small() -> None:
    content = CLASSIFIER_WEIGHTS.read_bytes()
    assert hashlib.sha256(content).hexdigest() == CLASSIFIER_SHA256
    assert len(content) < 1_000_000


def test_shapes_and_independence_of_the_batch() -> None:
    classifier = load_digit_classifier()
    images = 2 * torch.rand(5, 1, 28, 28, generator=torch.Generator().manual_seed(0)) - 1
    features = classifier.features(images)
    assert features.shape == (5, DigitClassifier.feature_size)
    assert classifier(images).shape == (5, 10)
    torch.testing.assert_close(classifier(images), classifier.logits_of(features))
    torch.testing.assert_close(classifier.features(images[:1]), features[:1], rtol=1e-4, atol=1e-4)
    assert not classifier.training
    assert not any(parameter.requires_grad for parameter in classifier.parameters())


def test_a_border_is_not_seen() -> None:
    images = 2 * torch.rand(2, 1, 28, 28, generator=torch.Generator().manual_seed(0)) - 1
    bordered = torch.nn.functional.pad(images, (2, 2, 2, 2), value=-1.0)
    torch.testing.assert_close(load_digit_classifier().features(bordered), load_digit_classifier().features(images))


def test_it_reads_the_shipped_digits() -> None:
    """The training script measures all 10,000; every tenth will do here."""
    arrays = Digits().arrays(Cache())
    images, labels = torch.from_numpy(arrays["sample"][::10].copy()).float() / 127.5 - 1, torch.from_numpy(arrays["label"][::10].copy())
    accuracy = float((load_digit_classifier()(images).argmax(1) == labels).double().mean())
    assert accuracy >= 0.985


@pytest.mark.parametrize("shape", [(2, 3, 28, 28), (2, 1, 64, 64), (2, 28, 28)])
def test_other_images_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(UserError, match="grey 28x28"):
        DigitClassifier().features(torch.zeros(shape))


def test_changed_weights_are_refused(tmp_path: Path) -> None:
    content = bytearray(CLASSIFIER_WEIGHTS.read_bytes())
    content[-1] ^= 1
    changed = tmp_path / "classifier.safetensors"
    changed.write_bytes(content)
    with pytest.raises(UserError, match=r"not the pinned ones.*reinstall ganzoo-metrics"):
        load_digit_classifier(changed)
    with pytest.raises(UserError, match="cannot be read"):
        load_digit_classifier(tmp_path / "absent.safetensors")


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.safetensors"
    save_file({"weight": torch.zeros(2)}, other)
    with pytest.raises(UserError, match="do not hold this network"):
        load_digit_classifier(other, sha256=hashlib.sha256(other.read_bytes()).hexdigest())
    other.write_bytes(b"nothing of the kind")
    with pytest.raises(UserError, match="do not hold this network"):
        load_digit_classifier(other, sha256=hashlib.sha256(other.read_bytes()).hexdigest())
