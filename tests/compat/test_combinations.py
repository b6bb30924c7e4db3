"""Every fitting pair of networks trains with every fitting loss; every refused combination is refused before training."""

import dataclasses
import itertools

import pytest
import torch
from ganzoo_kit.crossing import cross, default_parts, stands_alone

from ganzoo import compat
from ganzoo.config import parse_config, resolve
from ganzoo.engine.build import build
from ganzoo.engine.loop import Loop
from ganzoo.engine.meter import Meter
from ganzoo.errors import UserError
from ganzoo.fields import DataSpec
from ganzoo.registry import Registry
from ganzoo.ui.progress import reporter

REGISTRY = Registry.installed()
NAMES = {kind: [part.name for part in default_parts(REGISTRY, kind)] for kind in ("generator", "critic", "loss", "schedule")}
SMALL = {"mlp": "hidden: [16]", "dcgan": "width: 4", "resnet": "width: 4", "acgan": "width: 4"}
NORM_FREE = {"mlp": "", "dcgan": "norm: none", "resnet": "norm: none", "acgan": "norm: none"}


# Narrow networks need wide bounds: clipped to 0.01 their gradient is zero, which is clipping's own trouble, not the runner's.
WRITTEN = {"weight_clip": "{name: weight_clip, clip: 0.5}"}


def losses_to_try():
    parts = default_parts(REGISTRY, "loss")
    alone = [part.name for part in parts if stands_alone(part)]
    return [[name] for name in NAMES["loss"]] + [[first, part.name] for first in alone for part in parts if not stands_alone(part)]


def configuration(data, generator, critic, losses, schedule="alternate", batch_free=True):
    norm = NORM_FREE[critic] if batch_free else ""
    return f"""
data: {data}
generator: {{name: {generator}, {SMALL[generator]}, latent_dim: 4}}
critic: {{name: {critic}, {", ".join(filter(None, [SMALL[critic], norm]))}}}
loss: [{", ".join(WRITTEN.get(loss, loss) for loss in losses)}]
schedule: {schedule}
train: {{batch_size: 4, device: cpu, threads: 1}}
"""


def fits(text, data):
    resolved = resolve(parse_config(text), REGISTRY)
    return compat.check(resolved.generator, resolved.critic, resolved.losses, resolved.schedule, data)


DATA = {"digits": DataSpec({"sample": (1, 28, 28), "label": ()}, 10), "{name: ring, count: 64}": DataSpec({"sample": (2,)}, 0, 0.7)}


PAIRS = list(itertools.product(DATA, NAMES["generator"], NAMES["critic"]))


@pytest.mark.parametrize("every", [pytest.param(1, marks=pytest.mark.slow, id="all"), pytest.param(8, id="one in eight")])
@pytest.mark.parametrize(("data", "generator", "critic"), PAIRS)
def test_every_fitting_pair_trains_with_every_fitting_loss_and_the_rest_is_refused(data, generator, critic, every, tmp_path, monkeypatch):
    """All combinations behind ``-m slow``; otherwise each list of losses with one pair in eight, and with each pair some."""
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path))
    trained, refused = 0, 0
    tried = losses_to_try()[PAIRS.index((data, generator, critic)) % every :: every]
    for losses in tried:
        text = configuration(data, generator, critic, losses)
        config = parse_config(text)
        resolved = resolve(config, REGISTRY)
        verdict = compat.check(resolved.generator, resolved.critic, resolved.losses, resolved.schedule, DATA[data])
        if verdict.fits:
            run, _ = build(config, resolved, reporter(quiet=True))
            before = [p.detach().clone() for p in run.generator.parameters()]
            loop = Loop(run, Meter())
            loop.step()
            loop.step()
            assert run.step == 2
            assert all(torch.isfinite(p).all() for p in [*run.generator.parameters(), *run.critic.parameters()])
            assert any(not torch.equal(a, b) for a, b in zip(before, run.generator.parameters(), strict=True))
            trained += 1
        else:
            with pytest.raises(UserError) as caught:
                build(config, resolved, reporter(quiet=True))
            assert verdict.problems[0].what in str(caught.value)
            refused += 1
    assert trained + refused == len(tried) > 0
    if (generator, critic) == ("mlp", "mlp") and every == 1:
        assert trained >= 16  # the pair that serves both kinds of data is not refused wholesale


def test_published_combinations_fit():
    digits, ring = DATA.values()
    for text, data in (
        (configuration("digits", "dcgan", "dcgan", ["wasserstein", "gradient_penalty"]), digits),
        (configuration("digits", "dcgan", "dcgan", ["wasserstein", "weight_clip"], "wgan", batch_free=False), digits),
        (configuration("digits", "acgan", "acgan", ["non_saturating", "label_classification"], batch_free=False), digits),
        (configuration("ring", "mlp", "mlp", ["least_squares"]), ring),
    ):
        assert fits(text, data).problems == []


def test_the_check_leaves_the_random_state_alone_and_takes_no_memory_for_large_networks():
    state = torch.get_rng_state()
    text = configuration("digits", "dcgan", "dcgan", ["wasserstein", "gradient_penalty"]).replace("width: 4", "width: 1024")
    resolved = resolve(parse_config(text), REGISTRY)
    celeba = DataSpec({"sample": (3, 256, 256)})
    assert compat.check(resolved.generator, resolved.critic, resolved.losses, resolved.schedule, celeba).fits  # billions of parameters
    assert torch.equal(state, torch.get_rng_state())


def test_matrix_agrees_with_the_check_and_gives_a_reason_for_each_refusal():
    rows = cross(REGISTRY, DATA["{name: ring, count: 64}"], reporter(quiet=True))
    pairs = len(NAMES["generator"]) * len(NAMES["critic"]) * len(NAMES["schedule"])
    assert len(rows) >= pairs
    assert {row.schedule for row in rows} == set(NAMES["schedule"])
    for row in rows:
        assert row.fits == (not row.reason)
        assert row.fits == (row.generator == row.critic == "mlp" and "label_classification" not in row.losses), row
    assert dataclasses.asdict(rows[0])["generator"] == rows[0].generator
