"""Two runs of a step or two to look at: ``digits``, which is conditional, and ``ring``, of points."""

from ganzoo.cli import invoke

CONFIGS = {
    "digits": """\
data: {name: digits, size: 28}
generator: {name: acgan, width: 4, latent_dim: 4}
critic: {name: acgan, width: 4}
loss: [non_saturating, label_classification]
train: {steps: 2, batch_size: 8, ema: 0.5, device: cpu, threads: 1}
sample: {count: 20}
""",
    "ring": """\
data: {name: ring, count: 64}
generator: {name: mlp, hidden: [8], latent_dim: 2}
critic: {name: mlp, hidden: [8]}
loss: non_saturating
train: {steps: 2, batch_size: 8, device: cpu, threads: 1}
""",
}


def train_both(folder):
    """Train them into ``folder``; returns it."""
    for name, text in CONFIGS.items():
        (folder / f"{name}.yaml").write_text(text)
        assert invoke(["run", str(folder / f"{name}.yaml"), "--out", str(folder / name), "--quiet"]) == 0
    return folder
