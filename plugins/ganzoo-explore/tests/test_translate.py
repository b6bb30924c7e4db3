"""A user's own pictures through a generator: one file out for each in, none written over, and what is wrong said in a line."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from ganzoo_explore.export import Positional, _facts
from ganzoo_explore.targets import find_targets
from ganzoo_explore.translate import translate
from ganzoo_explore.translators import translator_of_file
from PIL import Image

from ganzoo import Generator
from ganzoo.cli import invoke
from ganzoo.config import parse_config, resolve_part
from ganzoo.engine.device import Runtime
from ganzoo.errors import UserError
from ganzoo.fields import DataSpec
from ganzoo.registry import Registry
from ganzoo.runs.trained import Trained

DATA = DataSpec({"sample": (1, 8, 8), "source": (1, 8, 8)})


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def pictures():
    """Several of one name: in two folders, in a folder of one, and with other endings."""
    for i, name in enumerate(("a/x.png", "a/x.jpg", "a/y.png", "a/in/x.png", "b/x.png")):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8), 40 * i).save(name)


def write_onnx(path, inputs, facts):
    """An export that gives its source back."""
    onnx = pytest.importorskip("onnx")
    ports = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", *shape]) for name, shape in inputs.items()]
    given = onnx.helper.make_tensor_value_info("sample", onnx.TensorProto.FLOAT, ["n", 1, 8, 8])
    nodes = [onnx.helper.make_node("Identity", ["source"], ["sample"])]
    model = onnx.helper.make_model(onnx.helper.make_graph(nodes, "g", ports, [given]), ir_version=10)
    onnx.helper.set_model_props(model, {"ganzoo": json.dumps({"route": "", "data": DATA.to_json()} | facts)})
    onnx.save(model, path)


def test_each_picture_becomes_a_file_of_its_own(pictures):
    write_onnx("g.onnx", {"source": (1, 8, 8)}, {})
    assert invoke(["sample", "g.onnx", "--from", "a", "--from", "b", "--out", "out"]) == 2  # two of them are x.png
    assert not Path("out").exists()
    assert invoke(["sample", "g.onnx", "--from", "a", "--out", "out"]) == 0
    written = {path.relative_to("out").as_posix(): int(np.asarray(Image.open(path))[0, 0]) for path in Path("out").rglob("*.png")}
    assert written == {"x.png.png": 0, "x.jpg.png": 40, "y.png": 80, "in/x.png": 120}


@pytest.mark.parametrize(
    ("sources", "out", "said"),
    [
        (["a/x.png", "b/x.png"], "out", "--from: a/x.png and b/x.png would both become out/x.png.png"),
        (["a/x.png", "a/in/x.png"], "out", "a/x.png and a/in/x.png would both become"),
        (["a/in", "a/in/x.png"], "out", "a/in/x.png and a/in/x.png would both become"),
        (["endings"], "out", "endings/x.png and endings/x.png.png would both become out/x.png.png"),
        (["b/x.png"], "b", "--out: what becomes of b/x.png would be written over b/x.png"),
        (["a/y.png", "b/x.png"], "linked", "what becomes of b/x.png would be written over linked/x.png"),
        (["a"], "a", "a: --out: it is the folder that pictures come from"),
        (["a"], "a/in/out", "a/in/out: --out: it lies in the folder that pictures come from"),
        (["a"], "b/x.png", "--out: b/x.png is a file; name a folder"),
        (["a"], "b/x.png/out", "--out: b/x.png is a file; name a folder"),
        (["pictures.zip"], "out", "pictures.zip: --from: it is an archive; unpack it"),
    ],
)
def test_pictures_that_would_be_lost_are_refused(pictures, sources, out, said):
    Path("linked").symlink_to("b")
    Path("pictures.zip").touch()
    Path("endings").mkdir()
    for name in ("x.png", "x.jpg", "x.png.png"):
        Image.new("L", (8, 8)).save(f"endings/{name}")
    with pytest.raises(UserError) as refused:
        find_targets(map(Path, sources), Path(out))
    assert said in str(refused.value)


@pytest.mark.parametrize(
    "given",
    ["-n 3", "--per-class 3", "--truncation 0", "--npz x.npz", "--png y.png", "--split test", "-o data.root=elsewhere"],
)
def test_an_option_that_says_nothing_of_translation_is_refused(given, capsys):
    assert invoke(["sample", "run", "--from", "a", "--out", "out", *given.split()]) == 2
    name = given.split()[0]
    assert capsys.readouterr().err == f"ganzoo: error: {name}: it says nothing of pictures that are translated (--from); leave it out\n"


@pytest.mark.parametrize(
    ("readable", "said"), [((), "nothing was written"), ("a", "the other one is done"), ("ab", "the other 2 are done")]
)
def test_how_many_are_done_is_said_of_those_that_are(readable, said, capsys):
    write_onnx("g.onnx", {"source": (1, 8, 8)}, {})
    Path("in").mkdir()
    Path("in/broken.png").touch()
    for name in readable:
        Image.new("L", (8, 8)).save(f"in/{name}.png")
    assert invoke(["sample", "g.onnx", "--from", "in", "--out", "out"]) == 2
    assert capsys.readouterr().err.endswith(f"; {said}\n")


def test_a_size_that_an_export_cannot_take_is_a_line_and_the_others_are_done(capsys):
    write_onnx("g.onnx", {"source": (1, 8, 8)}, {})
    Path("in").mkdir()
    for name, size in (("large", 20), ("small", 8)):
        Image.new("L", (size, size)).save(f"in/{name}.png")
    assert invoke(["sample", "g.onnx", "--from", "in", "--out", "out", "--whole"]) == 2
    assert "in/large.png: the network does not take this size" in capsys.readouterr().err
    assert [path.name for path in Path("out").iterdir()] == ["small.png"]


class Uniform(Generator):
    """Latents of its own."""

    latent_dim = 3

    def draw(self, n, device=None):
        return {"latent": torch.rand(n, 3, device=device)}

    def forward(self, source, latent):
        return {"sample": source}


class Normal(Uniform):
    draw = Generator.draw


class Told(Normal):
    """It has a latent, which it does not draw: another route makes it, say."""

    latent_dim = 0


@pytest.mark.parametrize(
    ("network", "said"), [(Normal, ""), (Uniform, "sample from its run"), (Told, "sample from its run"), (None, "again")]
)
def test_latents_are_drawn_for_a_file_only_as_its_generator_draws_them(network, said):
    facts = {}
    if network:
        config = parse_config("{data: ring, generator: mlp, critic: b, loss: c}")
        part = resolve_part(config, Registry.installed(), "generator", config.generator, ("generator",))
        runtime = Runtime(torch.device("cpu"), "fp32", "highest")
        model = Trained(Path(), network(), DATA, runtime, config, part, Registry.installed(), {}, {}, ())
        facts = json.loads(_facts(model, Positional(model))["ganzoo"])
    write_onnx("g.onnx", {"source": (1, 8, 8), "latent": (3,)}, facts)
    Image.new("L", (8, 8)).save("x.png")
    if said:
        with pytest.raises(UserError, match=f"latents.*{said}"):
            translator_of_file(Path("g.onnx"), "", 0)
    else:
        assert translate(translator_of_file(Path("g.onnx"), "", 0), [Path("x.png")], Path("out")) == ([Path("out/x.png")], [])
