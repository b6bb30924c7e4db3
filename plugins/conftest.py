"""Small data for the recipes that the plugins ship: without it their checks would be skipped wherever CelebA and others are not at hand."""

import pytest


@pytest.fixture(scope="session")
def stand_in_data(tmp_path_factory):
    """A folder in which the recipes find a dozen random samples of each data set, in the layout that it is published in."""
    from stand_ins import WRITE

    folder = tmp_path_factory.mktemp("stand-ins")
    for place, name in DATA.items():
        WRITE[name](folder / "data" / place)
    return folder


DATA = {name: name for name in ("mnist", "cifar10", "celeba")}
DATA |= {"faces": "folder", "pictures": "folder", "captioned": "captioned"}
DATA |= {"facades": "paired", "lookbook": "paired", "horse2zebra": "unpaired"}
"""The folders in which recipes look for data, and the data sets that read them."""
THIN = ("generator.width=2", "critic.width=2")
NARROW = ("generator.width=16", "critic.width=16")
SHORT = {
    **{f"recipe-{name}": NARROW for name in ("celeba", "cifar10", "folder", "stacked_mnist")},
    **{f"recipe-{name}": (*THIN, "data.size=64", "data.load_size=72") for name in ("facades", "horse2zebra")},
    "recipe-lookbook": THIN,
    "recipe-captioned": (*THIN, "data.size=64"),
    **{f"recipe-{name}": ("data.count=80",) for name in ("described", "outlines", "scene", "tinted")},
    **{f"ganzoo-{name} recipe-folder": (*NARROW, "data.size=64") for name in ("context-encoder", "progan", "srgan")},
    "ganzoo-wgan recipe-celeba": (*NARROW, "schedule.boost_updates=2"),
}
"""What takes a CPU more than a second as shipped (WGAN's first two steps have 100 critic updates each), made smaller. That every
recipe fits its data as shipped is tested without computing, in ``test_recipes.py``."""


@pytest.fixture(autouse=True)
def _recipes_find_data(request, monkeypatch):
    """Recipes name their data relative to where they are run."""
    case = request.node.name.rpartition("[")[2].removesuffix("]")
    if case.startswith("recipe-"):
        from ganzoo_kit.testing import recipes
        from stand_ins import pretrained

        from ganzoo.config import load_config

        folder = request.getfixturevalue("stand_in_data")
        monkeypatch.chdir(folder)
        monkeypatch.setenv("GANZOO_CACHE", str(folder / "cache"))
        smaller = SHORT.get(f"{request.node.path.parents[1].name} {case}", SHORT.get(case, ()))
        recipe = next(request.node.path.parents[1].glob(f"*/recipes/{case.removeprefix('recipe-')}.yaml"))
        weights = pretrained(load_config(recipe).loss, folder / "vgg19.pth")
        monkeypatch.setattr(recipes, "OVERRIDES", (*recipes.OVERRIDES, *smaller, *weights))
