"""Networks that need a source, a mask, text, attributes or a growing size: each pair with each loss fits its kind of data, or is refused.

`test_pairs_train.py` has data without those, by which such networks are refused. Nothing is trained here: the matrix dry-runs.
"""

from pathlib import Path

import pytest
from ganzoo_kit import crossing
from ganzoo_kit.crossing import default_parts, stands_alone

from ganzoo import DataSpec, compat
from ganzoo.config import load_config, resolve
from ganzoo.registry import Registry
from ganzoo.ui.progress import reporter

RECIPES = Path(__file__).parents[3] / "zoo_configs"
PICTURES, SMALL = (3, 32, 32), (3, 16, 16)
SYSTEMS = {
    "a source": (DataSpec({"sample": PICTURES, "source": PICTURES}), ("pix2pix_outlines", "cyclegan_tinted", "pixeldt_scene")),
    "a low resolution": (DataSpec({"sample": PICTURES, "source": SMALL}), ("faces_srgan",)),
    "a mask": (DataSpec({"sample": PICTURES, "source": PICTURES, "mask": (1, 32, 32)}), ("faces_context_encoder",)),
    "attributes": (DataSpec({"sample": (1, 32, 32), "label": (), "attributes": (11,)}, 12), ("icgan_digits",)),
    "text": (DataSpec({"sample": PICTURES, "source": SMALL, "text": (10,)}), ("stackgan_described",)),
    "stages": (DataSpec({"sample": PICTURES}), ("faces_progan",)),
}
"""Kind of system -> data for it, and the recipes that name its networks, its losses and its schedule."""
REGISTRY = Registry.installed()
DEFAULTS = {kind: {part.name: part for part in default_parts(REGISTRY, kind)} for kind in crossing.KINDS}
OBJECTIVES = [name for name, part in DEFAULTS["loss"].items() if stands_alone(part)]
SOME = OBJECTIVES[::3]
EVERY = 97
"""Which rows are held against the whole check, in the slow test."""


@pytest.mark.parametrize("losses", [pytest.param(SOME, id="few losses"), pytest.param(None, id="all losses", marks=pytest.mark.slow)])
@pytest.mark.parametrize("system", SYSTEMS)
def test_each_pair_of_a_systems_networks_fits_or_is_refused_with_each_loss(system, losses, monkeypatch):
    data, recipes = SYSTEMS[system]
    published = [resolve(load_config(RECIPES / f"{name}.yaml"), REGISTRY) for name in recipes]
    assert [compat.check(p.generator, p.critic, p.losses, p.schedule, data).problems for p in published] == [[]] * len(published)
    tried = {*(part.name for p in published for part in p.losses), *(losses or DEFAULTS["loss"])}
    parts = {
        "generator": {p.generator.name: p.generator for p in published},
        "critic": {"patchgan": DEFAULTS["critic"]["patchgan"]} | {p.critic.name: p.critic for p in published},
        "loss": {name: part for name, part in DEFAULTS["loss"].items() if name in tried},
        "schedule": {p.schedule.name: p.schedule for p in published} | {"alternate": DEFAULTS["schedule"]["alternate"]},
    }
    monkeypatch.setattr(crossing, "default_parts", lambda registry, kind, data: [*parts[kind].values()])
    rows = crossing.cross(REGISTRY, data, reporter(quiet=True))
    fitting = [row for row in rows if row.fits]
    assert {row.generator for row in fitting} == {p.generator.name for p in published}
    assert {row.critic for row in fitting} >= {p.critic.name for p in published}
    assert len(fitting) < len(rows)
    whole = [] if losses else [row for row in rows if row.generator in parts["generator"] and row.critic in parts["critic"]]
    for row in whole[::EVERY]:
        players, chosen = (parts["generator"][row.generator], parts["critic"][row.critic]), [parts["loss"][name] for name in row.losses]
        problems = compat.check(*players, chosen, parts["schedule"][row.schedule], data).problems
        assert row.reason in [str(problem) for problem in problems or [""]], row
