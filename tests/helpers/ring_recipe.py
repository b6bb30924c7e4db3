"""A small training on the ring with what a checkpoint has to hold: averages, batch norm, a penalty."""

RECIPE = """\
data: {name: ring, count: 64}
generator: {name: mlp, hidden: [8], latent_dim: 2, norm: batch}
critic: {name: mlp, hidden: [8]}
loss: [non_saturating, r1]
train: {steps: 12, batch_size: 8, ema: 0.9, device: cpu, threads: 1}
log: {every: 2}
sample: {every: 6, count: 16}
checkpoint: {every: 4}
"""
