"""The recipe of runs that are compared, and the facts of a number that was measured of them."""

RECIPE = """\
data: digits
generator: {name: mlp, hidden: [8], latent_dim: 4}
critic: {name: mlp, hidden: [8]}
loss: non_saturating
train: {steps: 4, batch_size: 8, threads: 1, device: cpu}
log: {every: 2}
sample: {count: 4}
"""
FACTS = {
    "metric": "ganzoo-metrics/classifier_fid 0.1.0",
    "network": "digits 6136ffd6a9a4",
    "data": "digits",
    "shape": "1x28x28",
    "weights": "ema",
    "seed": 0,
    "samples": 10000,
    "real_samples": 10000,
    "real_hash": "0123456789ab",
    "split": "test",
    "crop": 178,
}
