"""Every fitting pair of networks trains with every fitting loss; every refused combination is refused before training."""

import itertools

import pytest
import resumed
import torch
from ganzoo_kit.crossing import default_parts, stands_alone

from ganzoo import compat
from ganzoo.config import parse_config, resolve
from ganzoo.engine.build import build
from ganzoo.engine.loop import Loop
from ganzoo.engine.meter import Meter
from ganzoo.errors import UserError
from ganzoo.fields import DataSpec
from ganzoo.params import kind_of, parameters_of
from ganzoo.registry import Registry
from ganzoo.ui.progress import reporter

REGISTRY = Registry.installed()
DATA = {"digits": DataSpec({"sample": (1, 28, 28), "label": ()}, 10), "{name: ring, count: 64}": DataSpec({"sample": (2,)}, 0, 0.7)}
NAMES = {
    kind: [part.name for part in default_parts(REGISTRY, kind, DATA["digits"])] for kind in ("generator", "critic", "loss", "schedule")
}
SMALL = {
    "width": 4,
    "hidden": 16,
    "embedding": 4,
    "style_dim": 4,
    "mapping_layers": 1,
    "capacity": 64,
    "joint_units": 16,
    "sample_units": 16,
    "latent_units": 16,
    "latent_dim": 4,
}
"""Parameters that networks have, and what makes them small; lists get one of it."""
IMAGES = {"dcgan", "resnet", "acgan"}
"""Networks that serve images only."""
EVERY, OF_EACH = 18, {"mlp", "dcgan"}
"""Which pairs a quick test tries, and networks that it tries with each other besides."""


def written(kind, name, batch_free):
    """A small network of that name, around `mlp` if around any; ``batch_free``: without batch norm, where it has a choice."""
    parameters = parameters_of(REGISTRY.find(kind, name).load())
    known = {parameter.name: parameter.default for parameter in parameters}
    values = {key: [value] if isinstance(known[key], list | tuple) else value for key, value in SMALL.items() if key in known}
    values |= {"norm": "none"} if batch_free and "norm" in known else {}
    values |= {parameter.name: written(inner, "mlp", batch_free) for parameter in parameters if (inner := kind_of(parameter.annotation))}
    return f"{{{', '.join(f'{key}: {value}' for key, value in {'name': name, **values}.items())}}}"


# Narrow networks need wide bounds: clipped to 0.01 their gradient is zero, which is clipping's own trouble, not the runner's.
WRITTEN = {"weight_clip": "{name: weight_clip, clip: 0.5}"}


def losses_to_try():
    """Each loss by itself, and each that stands alone with each other."""
    others = [name for name in NAMES["loss"] if name not in STANDING]
    return [[name] for name in NAMES["loss"]] + [[first, other] for first in STANDING for other in others]


STANDING = [part.name for part in default_parts(REGISTRY, "loss") if stands_alone(part)]


def losses_want_more(losses):
    """Whether one of them is no objective alone, or reads what only networks of its own give."""
    classes = [REGISTRY.find("loss", name).load() for name in losses]
    asks = [(cls.scores - {"score", "label_logits"}) | (cls.reads - {"label"}) | cls.needs for cls in classes]
    return not {*losses} & {*STANDING} or any(asks) or "perceptual" in losses  # VGG19's weights are a file


def configuration(data, generator, critic, losses, schedule="alternate", batch_free=True):
    return f"""
data: {data}
generator: {written("generator", generator, False)}
critic: {written("critic", critic, batch_free)}
loss: [{", ".join(WRITTEN.get(loss, loss) for loss in losses)}]
schedule: {schedule}
train: {{batch_size: 4, device: cpu, threads: 1}}
"""


def fits(text, data):
    resolved = resolve(parse_config(text), REGISTRY)
    return compat.check(resolved.generator, resolved.critic, resolved.losses, resolved.schedule, data)


PAIRS = list(itertools.product(DATA, NAMES["generator"], NAMES["critic"]))


def train_or_refuse(data, generator, critic, losses):
    """Whether the combination fits: two steps train it then, and nothing is built otherwise."""
    config, verdicts = parse_config(configuration(data, generator, critic, losses)), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compat, "check", lambda *args, check=compat.check: verdicts.append(check(*args)) or verdicts[0])
        try:
            run, _ = build(config, resolve(config, REGISTRY), reporter(quiet=True))
            refused = ""
        except UserError as error:
            refused = str(error)
    assert verdicts[0].fits == (not refused)
    if refused:
        assert verdicts[0].problems[0].what in refused
        return False
    before = [p.detach().clone() for p in run.generator.parameters()]
    loop = Loop(run, Meter())
    loop.step()
    loop.step()
    assert run.step == 2
    assert all(torch.isfinite(p).all() for p in [*run.generator.parameters(), *run.critic.parameters()])
    assert any(not torch.equal(a, b) for a, b in zip(before, run.generator.parameters(), strict=True))
    return True


@pytest.fixture
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path))


@pytest.mark.usefixtures("_own_cache")
@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("generator", NAMES["generator"])
def test_every_network_trains_with_others_or_is_refused(data, generator):
    """Few of the pairs, the losses in turn, each network among them. All of them with all losses are a slow test."""
    for number, critic in enumerate(NAMES["critic"], NAMES["generator"].index(generator)):
        tried = [[STANDING[number // EVERY % len(STANDING)]]] if number % EVERY == 0 else []
        tried += [["non_saturating"]] if generator == critic in OF_EACH else []
        found = [train_or_refuse(data, generator, critic, each) for each in tried]
        if generator == critic == "mlp":
            assert any(found)
        if data.startswith("{") and IMAGES & {generator, critic}:
            assert not any(found)


def lists_to_try():
    """Each loss by itself, and each that stands alone with all others: three at a time where they want no networks of their own.

    Those others are added to one that stands alone, another from list to list, and in slow tests to each.
    """
    others = [name for name in NAMES["loss"] if name not in STANDING]
    plain = [name for name in others if not all(losses_want_more([first, name]) for first in STANDING)]
    threes = [plain[i :: -(-len(plain) // 3)] for i in range(-(-len(plain) // 3))]  # like ones, as their names are, lie apart
    added = [*threes, *([name] for name in others if name not in plain)]
    yield from ([name] for name in NAMES["loss"])
    for (i, first), (k, more) in itertools.product(enumerate(STANDING), enumerate(added)):
        yield pytest.param([first, *more], marks=() if k % len(STANDING) == i else pytest.mark.slow)


@pytest.mark.usefixtures("_own_cache")
@pytest.mark.parametrize("losses", list(lists_to_try()), ids=lambda losses: "+".join(losses))
def test_every_list_of_losses_trains_with_some_networks_or_is_refused(losses):
    """The pair of networks that it begins with is another from list to list. Of a list that no networks take, each pair is tried."""
    first = sum(map(NAMES["loss"].index, losses)) % 3
    pairs = [(name, name) for name in ("mlp", "dcgan", "acgan")]
    pairs = pairs[first:] + pairs[:first]
    if any(train_or_refuse("digits", *pair, losses) for pair in pairs):
        return
    for each in [[losses[0], other] for other in losses[1:]] if len(losses) > 2 else []:
        assert any(train_or_refuse("digits", *pair, each) for pair in pairs) or losses_want_more(each)
    assert len(losses) > 2 or losses_want_more(losses)


@pytest.mark.slow
@pytest.mark.usefixtures("_own_cache")
@pytest.mark.parametrize(("data", "generator", "critic"), PAIRS)
def test_every_fitting_pair_trains_with_every_fitting_loss_and_the_rest_is_refused(data, generator, critic):
    trained = sum(train_or_refuse(data, generator, critic, losses) for losses in losses_to_try())
    if (generator, critic) == ("mlp", "mlp"):
        assert trained >= 16  # the pair that serves both kinds of data is not refused wholesale


@pytest.mark.usefixtures("_own_cache")
@pytest.mark.parametrize("case", resumed.CASES)
def test_what_is_cut_in_half_and_resumed_fits(case):
    """tests/engine/test_resume.py takes that for granted."""
    resumed.make(resumed.CASES[case][0], compat.check)


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


def test_what_must_be_refused_is_and_says_why():
    digits, ring = DATA.values()
    cases = [
        (configuration("digits", "dcgan", "dcgan", ["wasserstein", "gradient_penalty"], batch_free=False), digits, "mixes the batch"),
        (configuration("digits", "dcgan", "dcgan", ["non_saturating", "label_classification"]), digits, "label_logits"),
        (configuration("digits", "dcgan", "dcgan", ["gradient_penalty"]), digits, "minimise"),
        (configuration("digits", "dcgan", "dcgan", ["weight_clip"]), digits, "minimise"),
        (configuration("digits", "dcgan", "dcgan", ["wasserstein", "least_squares"]), digits, "'adversarial'"),
        (
            configuration("digits", "mlp", "stylegan2", ["wasserstein", "weight_clip"]),
            digits,
            "StyleGAN2Critic are computed from others; leave",
        ),
        (configuration("ring", "acgan", "mlp", ["non_saturating"]), ring, "label"),
        (configuration("ring", "dcgan", "mlp", ["non_saturating"]), ring, "(2,)"),
        (
            configuration("digits", "mlp", "mlp", ["wasserstein"], schedule="{name: alternate, critic_updates: 2, share_fake: true}"),
            digits,
            "share",
        ),
    ]
    for text, data, reason in cases:
        problems = fits(text, data).problems
        assert problems, text
        assert reason in str(problems[0])
