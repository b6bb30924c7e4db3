"""One configuration of each kind of recipe, for the tests that need a GPU and for those that need none."""

DCGAN = "generator: {name: dcgan, width: 16}\ncritic: {name: dcgan, width: 16%s}"
KINDS = {
    "dcgan": f"data: {{name: digits, size: 32}}\n{DCGAN % ''}\nloss: non_saturating\nschedule: {{name: alternate, share_fake: true}}",
    "two fakes": f"data: {{name: digits, size: 32}}\n{DCGAN % ''}\nloss: non_saturating",
    "least squares": f"data: {{name: digits, size: 32}}\n{DCGAN % ''}\nloss: least_squares",
    "wgan": f"data: {{name: digits, size: 32}}\n{DCGAN % ''}\nloss: [wasserstein, weight_clip]\n"
    "schedule: {name: wgan, boost_updates: 8, boost_steps: 3}\noptimizer: {generator: rmsprop, critic: rmsprop}",
    "wgan_gp": f"data: {{name: digits, size: 32}}\n{DCGAN % ', norm: none'}\nloss: [wasserstein, gradient_penalty]\n"
    "schedule: {name: alternate, critic_updates: 5}\n"
    "optimizer: {generator: {name: adam, lr: {from: 2e-4, to: 0, start: 0.2}}, critic: {name: adam, lr: {from: 2e-4, to: 0, start: 0.2}}}",
    "lazy r1": f"data: {{name: digits, size: 32}}\n{DCGAN % ', norm: none'}\nloss: [non_saturating, {{name: r1, every: 4}}]",
    "acgan": "data: {name: digits, size: 32}\ngenerator: {name: acgan, width: 16}\ncritic: {name: acgan, width: 8, dropout: 0.0}\n"
    "loss: [non_saturating, label_classification]",
    "mlp": "data: digits\ngenerator: {name: mlp, norm: batch}\ncritic: mlp\nloss: non_saturating\n"
    "optimizer: {critic: {name: sgd, lr: 1e-3}}",
    "points": "data: ring\ngenerator: {name: mlp, hidden: [64, 64], latent_dim: 2}\ncritic: {name: mlp, hidden: [64, 64]}\n"
    "loss: [wasserstein, gradient_penalty]\nschedule: {name: alternate, critic_updates: 3}",
}
