"""Plugins are found one by one: a broken one is listed with its reason, two of one name are told apart, nothing is overridden."""

import importlib.metadata
import json
import sys

import pytest
from sites import PARTS, Site

from ganzoo import hookspecs
from ganzoo.cli import invoke
from ganzoo.errors import UserError
from ganzoo.registry import Component, Registry

GOOD = """
import ganzoo
GANZOO_API = 1

@ganzoo.hookimpl
def ganzoo_losses():
    return {"hinge": "%s_parts:Hinge"}
"""


@pytest.fixture
def site(tmp_path, monkeypatch):
    made = Site(tmp_path, monkeypatch)
    yield made
    for module in made.modules:
        sys.modules.pop(module, None)


def names(registry):
    return [(c.kind, c.name, c.distribution, c.version) for c in registry.components]


def test_a_plugin_is_listed_with_what_it_gives(site):
    registry = site.install("ganzoo-hinge", GOOD, "1.2").registry()
    assert names(registry) == [("loss", "hinge", "ganzoo-hinge", "1.2")]
    assert registry.plugins[0].gives == ("loss hinge",)
    assert registry.plugins[0].broken == ""
    assert "ganzoo_hinge_parts" not in sys.modules  # listing imports no component
    assert registry.find("loss", "hinge").load().__name__ == "Hinge"
    assert registry.find("loss", "ganzoo-hinge/hinge") == registry.components[0]


def test_a_class_may_stand_in_place_of_its_name(site):
    source = GOOD.replace('"%s_parts:Hinge"', "dict")
    assert site.install("ganzoo-direct", source).registry().find("loss", "hinge").load() is dict


BROKEN = {
    "an import that fails": ("import no_such_module_anywhere", "No module named 'no_such_module_anywhere'"),
    "a syntax error": ("def broken(:\n", "SyntaxError"),
    "an exit": ("import sys; sys.exit(3)", "SystemExit: 3"),
    "an exception": ("raise RuntimeError('two\\nlines')", "RuntimeError: two lines"),
    "no version": (GOOD.replace("GANZOO_API = 1", ""), "does not set GANZOO_API; set GANZOO_API = 1"),
    "a version that is not a number": (GOOD.replace("= 1", "= '1'"), "does not set GANZOO_API"),
    "a newer version": (GOOD.replace("= 1", "= 99"), "needs API 99, this ganzoo-core gives 1; upgrade ganzoo-core"),
    "an older version": (GOOD.replace("= 1", "= 0"), "written for API 0, this ganzoo-core starts at 1; upgrade ganzoo-bad"),
    "a misspelt hook": (GOOD.replace("ganzoo_losses", "ganzoo_loses"), "'ganzoo_loses' is not a hook; did you mean 'ganzoo_losses'?"),
    "an argument that the hook lacks": (GOOD.replace("ganzoo_losses()", "ganzoo_losses(config)"), "config"),
    "a hook that fails": (GOOD.replace("return", "return 1 / 0 #"), "ZeroDivisionError"),
    "a hook that is not marked": (
        GOOD.replace("@ganzoo.hookimpl", ""),
        "the hook 'ganzoo_losses' is not marked, so nothing calls it; put @hookimpl",
    ),
    "a list of names": (
        GOOD.replace('{"hinge": "%s_parts:Hinge"}', '["hinge"]'),
        "ganzoo_losses must return {name: class or 'module:Class'}, it gives a list; return a mapping",
    ),
    "a target without a class": (GOOD.replace("%s_parts:Hinge", "%s_parts"), "must return {name: class or 'module:Class'}"),
    "an instance": (GOOD.replace('"%s_parts:Hinge"', "object()"), "must return {name: class or 'module:Class'}"),
    "a name that is not a string": (GOOD.replace('"hinge"', "3"), "must return {name: class or 'module:Class'}"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_plugin_is_listed_with_its_reason_and_hurts_no_other(fault, site):
    source, reason = BROKEN[fault]
    registry = site.install("ganzoo-bad", source).install("ganzoo-fine", GOOD).registry()
    bad = next(p for p in registry.plugins if p.distribution == "ganzoo-bad")
    assert reason in bad.broken
    assert "\n" not in bad.broken
    assert bad.gives == ()
    assert names(registry) == [("loss", "hinge", "ganzoo-fine", "1.0")]


def test_only_a_run_that_names_the_broken_plugins_component_is_told_of_it(site):
    registry = site.install("ganzoo-bad", "raise ImportError('no CUDA')").install("ganzoo-fine", GOOD).registry()
    assert registry.find("loss", "hinge").distribution == "ganzoo-fine"
    with pytest.raises(UserError) as caught:
        registry.find("loss", "hinges")
    assert str(caught.value) == (
        "'hinges' is not an installed loss; did you mean 'hinge'? (installed: hinge); not loaded: ganzoo-bad (ImportError: no CUDA)"
    )


def test_ctrl_c_while_loading_is_obeyed(site):
    with pytest.raises(KeyboardInterrupt):
        site.install("ganzoo-slow", "raise KeyboardInterrupt").registry()


def test_two_distributions_of_one_name_are_told_apart(site):
    registry = site.install("ganzoo-one", GOOD).install("ganzoo-two", GOOD).registry()
    assert len(registry.of_kind("loss")) == 2
    with pytest.raises(UserError) as caught:
        registry.find("loss", "hinge")
    assert str(caught.value) == ("2 distributions give a loss named 'hinge'; write 'ganzoo-one/hinge' or 'ganzoo-two/hinge'")
    assert registry.find("loss", "ganzoo-two/hinge").load().__module__ == "ganzoo_two_parts"
    with pytest.raises(UserError, match="not an installed loss"):
        registry.find("loss", "ganzoo-three/unheard_of")


def test_a_name_may_serve_several_kinds(site):
    registry = site.install("ganzoo-both", GOOD + GOOD.partition("= 1")[2].replace("losses", "critics")).registry()
    assert registry.find("loss", "hinge").kind == "loss"
    assert registry.find("critic", "hinge").kind == "critic"
    with pytest.raises(UserError, match="'hinge' is not an installed generator; installed: none"):
        registry.find("generator", "hinge")


@pytest.mark.parametrize(
    ("target", "parts", "reason"),
    [
        ("%s_parts:Missing", PARTS, "has no attribute 'Missing'"),
        ("%s_gone:Hinge", PARTS, "No module named"),
        ("%s_parts:Hinge", "import sys\nsys.exit(1)", "SystemExit: 1"),
        ("%s_parts:Hinge", "def f(:", "SyntaxError"),
        ("%s_parts:not_a_class", PARTS, "which is not a class"),
    ],
)
def test_a_component_that_cannot_be_imported_says_whose_it_is_and_why(target, parts, reason, site):
    registry = site.install("ganzoo-bad", GOOD.replace("%s_parts:Hinge", target), parts=parts).registry()
    with pytest.raises(UserError) as caught:
        registry.find("loss", "hinge").load()
    assert "loss 'hinge' of ganzoo-bad" in str(caught.value)
    assert reason in str(caught.value)
    assert "ganzoo-bad" in caught.value.remedy


def test_the_core_comes_first_and_the_order_of_installation_does_not_matter(site):
    for name in ("ganzoo-zebra", "ganzoo-core", "ganzoo-ant"):
        site.install(name, GOOD)
    assert [p.distribution for p in site.registry().plugins] == ["ganzoo-core", "ganzoo-ant", "ganzoo-zebra"]


@pytest.fixture
def with_a_broken_plugin(site, monkeypatch):
    registry = site.install("ganzoo-bad", "raise ImportError('no CUDA')", "0.9").install("ganzoo-fine", GOOD)
    registry = registry.registry(importlib.metadata.entry_points(group="ganzoo", name="core"))
    registry.components.append(Component("loss", "gone", "no_such_module_anywhere:Gone", "ganzoo-gone", "2.0"))
    monkeypatch.setattr(Registry, "installed", lambda: registry)


@pytest.mark.usefixtures("with_a_broken_plugin")
def test_the_commands_show_what_is_broken_and_go_on(capsys):
    assert invoke(["list"]) == 0
    out, err = capsys.readouterr()
    assert "ganzoo-fine 1.0" in out
    assert err == "ganzoo: warning: ganzoo-bad 0.9 is not loaded: ImportError: no CUDA\n"
    assert invoke(["list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["broken"] == [{"distribution": "ganzoo-bad", "reason": "ImportError: no CUDA"}]
    assert invoke(["plugins"]) == 0
    assert "BROKEN: ImportError: no CUDA" in capsys.readouterr().out
    assert invoke(["info", "gone"]) == 2
    assert "repair or uninstall ganzoo-gone" in capsys.readouterr().err


def test_every_kind_has_its_hook():
    for kind in hookspecs.KINDS:
        assert hasattr(getattr(hookspecs, hookspecs.hook_of(kind)), "ganzoo_spec")
