"""Checks of generators and critics: what goes in, what comes out, and that everything in between learns."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ganzoo.compat import plan_fields
from ganzoo.errors import ContractError
from ganzoo.fields import Fields, forward_inputs
from ganzoo.players import Critic, Generator
from ganzoo.rules import Plan

from .game import inputs_of
from .running import differentiable, randomise_, run_network, seeded
from .subject import Subject

TOLERANCE = 1e-4
"""A float32 difference that rounding explains, relative to the spread of what is compared."""


def outputs(subject: Subject) -> None:
    """It returns exactly the fields it declares, float32, finite and of the data's shapes, for any batch size; images in [-1, 1]."""
    network = subject.build()
    randomise_(network, 1.0)  # a range must hold for all weights
    with seeded(1):
        for n in (2, 5):
            network.train()
            _check_outputs(network, inputs_of(network, subject.data, n), subject, n)
        if isinstance(network, Generator):  # it is sampled in evaluation mode, one at a time if need be
            _check_outputs(network.eval(), inputs_of(network, subject.data, 1), subject, 1)


def _check_outputs(network: Generator | Critic, fields: Fields, subject: Subject, n: int) -> None:
    as_given = network(**{name: fields[name] for name in forward_inputs(type(network))})  # the turn would make half precision float32
    for name, value in run_network(network, fields).items():
        who = f"'{name}'"
        if isinstance(network, Generator) and name in subject.data.fields and value.shape != (n, *subject.data.fields[name]):
            raise ContractError(
                f"{who} has the shape {tuple(value.shape)}", f"make ({n}, {', '.join(map(str, subject.data.fields[name]))})"
            )
        if name == "label_logits" and value.shape != (n, subject.data.classes):
            raise ContractError(f"{who} has the shape {tuple(value.shape)}", f"give (N, K), here ({n}, {subject.data.classes})")
        if not value.is_floating_point():
            continue
        if as_given[name].dtype != torch.float32:
            raise ContractError(f"{who} is {as_given[name].dtype} for float32 inputs", "keep the inputs' dtype")
        if not value.isfinite().all():
            raise ContractError(f"{who} is not finite for weights drawn from N(0, 1)", "look for a division or a logarithm without a bound")
        # A range holds where samples are taken; what a training forward makes may go beyond it.
        made = isinstance(network, Generator) and name == "sample" and not network.training
        if made and subject.data.is_image and value.abs().max() > 1:
            raise ContractError(f"{who} reaches {value.abs().max().item():.3g}, images lie in [-1, 1]", "end in tanh")


def raw(subject: Subject) -> None:
    """Its scores are raw: no sigmoid, no tanh, no softmax."""
    found: dict[str, list[Tensor]] = {}
    for seed in range(4):
        critic = subject.build(seed)
        randomise_(critic, 1.0, seed)
        with seeded(seed):
            fields = inputs_of(critic, subject.data, 16)
        # Far outside the data's range, where a squashed score shows its bounds
        large = {name: 100 * value if isinstance(value, Tensor) and value.is_floating_point() else value for name, value in fields.items()}
        for name, value in run_network(critic, large).items():
            found.setdefault(name, []).append(value.detach())
    for name, values in found.items():
        value = torch.cat(values)
        if name == "label_logits" and value.min() >= 0 and torch.allclose(value.sum(dim=1), torch.ones(len(value)), atol=1e-3):
            raise ContractError(
                f"each row of '{name}' sums to 1, as a softmax's do", "return the logits: losses apply the softmax themselves"
            )
        if name != "label_logits" and value.abs().max() <= 1:
            low = 0 if value.min() >= 0 else -1
            raise ContractError(
                f"'{name}' stays in [{low}, 1] whatever the critic sees", "return raw scores: losses apply the sigmoid themselves"
            )


def prior(subject: Subject) -> None:
    """``draw(n)`` gives n of each field, different every time, labels in range, and "latent" (n, latent_dim) where it is asked for."""
    generator = subject.build()
    with seeded(0):
        drawn, again = generator.draw(16), generator.draw(16)
    for name, value in drawn.items():
        if len(value) != 16:
            raise ContractError(f"draw(16) gives '{name}' of shape {tuple(value.shape)}", "draw n of each")
        setting = name != "latent" and bool((value == value[:1]).all())  # the same for all samples, as StyleGAN's psi
        if value.is_floating_point() and value.numel() and not setting and torch.equal(value, again[name]):
            raise ContractError(f"draw gives the same '{name}' twice in a row", "draw it from torch's random numbers")
    if "label" in drawn:
        label, last = drawn["label"], subject.data.classes - 1
        if label.dtype != torch.int64 or label.min() < 0 or label.max() > last:
            raise ContractError(f"draw gives labels that are not int64 from 0 to {last}", "draw torch.randint(classes, (n,))")
    if "latent" in drawn and drawn["latent"].shape != (16, generator.latent_dim):
        raise ContractError(
            f"draw(16) gives 'latent' of shape {tuple(drawn['latent'].shape)}, latent_dim is {generator.latent_dim}", "make them agree"
        )


def inputs(subject: Subject) -> None:
    """Every field that ``forward`` asks for changes what comes out."""
    network = subject.build()
    randomise_(network, 0.3)
    with seeded(1):
        fields, others = inputs_of(network, subject.data, 8), inputs_of(network, subject.data, 8)
    if "label" in fields:
        others["label"] = (fields["label"] + 1) % max(subject.data.classes, 2)
    before = _run(network, fields)
    for name in forward_inputs(type(network)):
        if not isinstance(fields[name], Tensor):
            continue  # a stage of the schedule: there may be one only
        if fields[name].dim() == 0:
            others[name] = fields[name] / 2 + 0.1
        if torch.equal(fields[name], others[name]):
            continue  # it never differs
        after = _run(network, fields | {name: others[name]})
        if all(torch.equal(before[key], after[key]) for key in before):
            raise ContractError(f"forward asks for '{name}', but nothing depends on it", "use it, or do not ask for it")


def gradients(subject: Subject) -> None:
    """Gradients reach every trainable parameter, by ``forward`` in some stage of the schedule or by a route.

    They reach what a critic judges, too: twice, if it mixes no batch.
    """
    network = subject.build()
    randomise_(network, 0.3)
    with seeded(1):
        fields = inputs_of(network, subject.data, 8)
        if isinstance(network, Critic):
            fields["sample"].requires_grad_()
        stages = [plan_fields(plan) for plan in getattr(subject.data, "stages", (Plan(),))]
        outputs = [out for stage in stages for out in differentiable(run_network(network, fields | stage))]
        for port in filter(None, map(network.port, network.routes)):
            if set(port.reads) <= fields.keys():
                outputs += differentiable(port.call(**{name: fields[name] for name in port.reads}))
        total = sum(((value * torch.randn_like(value)).sum() for value in outputs), torch.zeros(()))
    wanted = {name: p for name, p in network.named_parameters() if p.requires_grad}
    if isinstance(network, Critic):
        wanted["(the sample)"] = fields["sample"]
    if not total.requires_grad:
        raise ContractError("no gradient comes out of it", "do not detach its output, nor run it under no_grad")
    twice = isinstance(network, Critic) and not network.mixes_batch
    found = torch.autograd.grad(total, list(wanted.values()), allow_unused=True, create_graph=twice)
    for (name, value), gradient in zip(wanted.items(), found, strict=True):
        if gradient is None or (value.dim() > 1 and not gradient.any()):
            raise ContractError(f"no gradient reaches {name}", "use it in forward, or register a constant as a buffer")
        if not gradient.isfinite().all():
            raise ContractError(f"the gradient of {name} is not finite", "look for a root or a norm at 0")
    if twice and found[-1].requires_grad:  # as a penalty on gradients does
        torch.autograd.grad(found[-1].square().sum(), list(wanted.values()), allow_unused=True)


def mixing(subject: Subject) -> None:
    """``mixes_batch`` says truly whether one sample's score changes with the others'."""
    critic = subject.build()
    randomise_(critic, 0.3)
    with seeded(1):
        fields, others = inputs_of(critic, subject.data, 8), inputs_of(critic, subject.data, 8)
    samples = {name for name, value in fields.items() if isinstance(value, Tensor) and value.dim()}
    changed = {name: torch.cat([value[:1], others[name][1:]]) if name in samples else value for name, value in fields.items()}
    changed["sample"][1:] *= 2
    before, again, after = _run(critic, fields), _run(critic, fields), _run(critic, changed)
    if any(not torch.equal(before[name], again[name]) for name in before):
        return  # it differs from itself: that is for 'determinism'
    mixes = any(_differ(before[name][0], after[name][0], before[name]) for name in before)
    if mixes and not critic.mixes_batch:
        raise ContractError(
            "one sample's score changes with the others, but mixes_batch is False",
            "set self.mixes_batch = True, so that penalties refuse it",
        )
    if critic.mixes_batch and not mixes:
        raise ContractError("mixes_batch is True, but each score depends on its own sample alone", "set self.mixes_batch = False")


def _differ(first: Tensor, second: Tensor, among: Tensor) -> bool:
    spread = (among - among.mean(dim=0)).abs().max() + 1e-3 * among.abs().max() + math.ulp(0.0)
    return bool((first - second).abs().max() > TOLERANCE * spread)


def _run(network: Generator | Critic, fields: Fields) -> dict[str, Tensor]:
    """Outputs in training mode, always with the same random numbers and the same buffers."""
    buffers = {name: buffer.clone() for name, buffer in network.named_buffers()}
    with seeded(2), torch.no_grad():
        made = {name: value.detach() for name, value in run_network(network, fields).items()}
        for name, buffer in network.named_buffers():
            buffer.copy_(buffers[name])
    return made
