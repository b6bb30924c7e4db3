"""Train the digit classifier (``ganzoo_metrics.digit_classifier``) on all of MNIST and write its weights: about 4 minutes on one core.

    python tools/train_digit_classifier.py                 # MNIST is downloaded into data/mnist
    python tools/train_digit_classifier.py --root FOLDER   # FOLDER holds MNIST/raw

One thread and one seed: on the same processor and torch the same file comes out. Pin the printed sha256 as
``CLASSIFIER_SHA256`` and commit both together.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from pathlib import Path
from typing import Literal

import torch
from ganzoo_data.mnist import MNIST
from ganzoo_metrics.digit_classifier import CLASSIFIER_WEIGHTS, DigitClassifier
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional

from ganzoo.data.cache import Cache
from ganzoo.errors import UserError

SEED = 0
EPOCHS = 6
BATCH_SIZE = 100
PEAK_LEARNING_RATE = 2e-3
LARGEST_SHIFT = 2
"""Pixels by which a training digit is moved, at most, in each direction."""
ENOUGH = 0.991
"""Test accuracy below which no weights are written."""


def main() -> None:
    """Train, round to float16, measure what will be shipped, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=Path("data/mnist"), help="folder of MNIST; what is missing is downloaded")
    parser.add_argument("--out", type=Path, default=CLASSIFIER_WEIGHTS, help="file to write")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(SEED)

    classifier = DigitClassifier()
    train(classifier, *read_split(arguments.root, "train"))
    rounded = {name: value.half().contiguous() for name, value in classifier.state_dict().items()}
    classifier.load_state_dict({name: value.float() for name, value in rounded.items()})
    accuracy = measure_accuracy(classifier, *read_split(arguments.root, "test"))
    print(f"test accuracy {accuracy:.2%} (10,000 digits, weights rounded to float16)")
    if accuracy < ENOUGH:
        raise SystemExit(f"below {ENOUGH:.1%}: nothing written")
    write(rounded, arguments.out)
    print(f"{arguments.out}: {arguments.out.stat().st_size:,} bytes, sha256 {hashlib.sha256(arguments.out.read_bytes()).hexdigest()}")


def read_split(root: Path, split: Literal["train", "test"]) -> tuple[Tensor, Tensor]:
    """Images (N, 1, 28, 28) float32 in [-1, 1] and labels (N,) int64 of one half of MNIST."""
    arrays = MNIST(root=str(root), split=split).arrays(Cache())
    return torch.tensor(arrays["sample"]).float().div(127.5).sub(1), torch.tensor(arrays["label"])


def train(classifier: DigitClassifier, images: Tensor, labels: Tensor) -> None:
    """Cross entropy, Adam, one rise and fall of the learning rate, a random shift for every digit in every epoch."""
    steps_per_epoch = len(images) // BATCH_SIZE
    optimizer = torch.optim.Adam(classifier.parameters(), lr=PEAK_LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, PEAK_LEARNING_RATE, total_steps=EPOCHS * steps_per_epoch, pct_start=0.2, cycle_momentum=False
    )
    for epoch in range(EPOCHS):
        started, total = time.perf_counter(), 0.0
        for chosen in torch.randperm(len(images))[: steps_per_epoch * BATCH_SIZE].view(-1, BATCH_SIZE):
            loss = functional.cross_entropy(classifier(shifted(images[chosen])), labels[chosen])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            total += loss.item()
        seconds = time.perf_counter() - started
        print(f"epoch {epoch + 1} of {EPOCHS}: training loss {total / steps_per_epoch:.4f}, {seconds:.0f} s", flush=True)


def shifted(images: Tensor) -> Tensor:
    """Each of (N, 1, 28, 28) moved by its own few pixels; what comes in at the edge is black (-1)."""
    n, _, height, width = images.shape
    padded = functional.pad(images, [LARGEST_SHIFT] * 4, value=-1.0)[:, 0]
    down, right = torch.randint(2 * LARGEST_SHIFT + 1, (2, n, 1))
    rows, columns = down + torch.arange(height), right + torch.arange(width)  # (N, 28) each
    return padded[torch.arange(n)[:, None, None], rows[:, :, None], columns[:, None, :]].unsqueeze(1)


@torch.no_grad()
def measure_accuracy(classifier: DigitClassifier, images: Tensor, labels: Tensor) -> float:
    """The share of ``images`` that the classifier names rightly."""
    classifier.eval()
    right = [classifier(images[start : start + 1000]).argmax(1) == labels[start : start + 1000] for start in range(0, len(images), 1000)]
    return float(torch.cat(right).double().mean())


def write(weights: dict[str, Tensor], path: Path) -> None:
    """Write beside ``path``, then rename, so that an interrupted run leaves the old file whole."""
    beside = path.with_name(path.name + ".part")
    save_file(weights, beside)
    beside.replace(path)


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        raise SystemExit(f"train_digit_classifier: error: {error}") from None
