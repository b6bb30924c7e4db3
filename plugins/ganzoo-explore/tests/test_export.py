"""An exported generator is the same function: ONNX and torch.export against the network, for every shipped generator."""

import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from ganzoo_explore.export import TOLERANCE, Positional, export_generator

from ganzoo.cli import invoke
from ganzoo.config import parse_config, resolve_part
from ganzoo.engine.device import Runtime
from ganzoo.errors import GanzooError, UserError
from ganzoo.fields import DataSpec, forward_inputs
from ganzoo.players import Generator
from ganzoo.registry import Registry
from ganzoo.runs.trained import Trained

DIGITS = DataSpec({"sample": (1, 28, 28), "label": ()}, classes=10)
COLOUR = DataSpec({"sample": (3, 32, 32), "label": ()}, classes=10)
POINTS = DataSpec({"sample": (2,)}, scale=0.7)
SHIPPED = {
    "mlp": ("{name: mlp, hidden: [8, 16], norm: batch, latent_dim: 6}", DIGITS),
    "mlp of points": ("{name: mlp, hidden: [8], latent_dim: 2}", POINTS),
    "dcgan": ("{name: dcgan, width: 4, latent_dim: 6, init_std: 0.3}", DIGITS),
    "resnet": ("{name: resnet, width: 4, latent_dim: 6}", COLOUR),
    "acgan": ("{name: acgan, width: 4, latent_dim: 6, init_std: 0.3}", COLOUR),
    "stylegan2": ("{name: stylegan2, width: 4, latent_dim: 4, style_dim: 4, mapping_layers: 1}", DataSpec({"sample": (1, 8, 8)})),
}


def trained(text, data, generator=None, values=None):
    """What ``load_trained`` gives, of a generator that was never trained but whose running statistics have moved."""
    config = parse_config("{data: digits, generator: unused, critic: unused, loss: unused}", [f"generator={text}"])
    part = resolve_part(config, Registry.installed(), "generator", config.generator, ("generator",))
    torch.manual_seed(0)
    network = generator or part.build(data)
    runtime = Runtime(torch.device("cpu"), "fp32", "highest")
    fields = network.draw(32) | {"label": torch.arange(32) % 10} | (values or {})
    with torch.no_grad():
        network(**{name: fields[name] for name in forward_inputs(type(network))})
    network = runtime.place_network(network.train())
    return Trained(Path(), network, data, runtime, config, part, Registry.installed(), values or {}, {"step": 7}, ("a", "b"))


def asked(model, n, seed=5):
    """Inputs of ``n`` samples by name, and what the generator makes of them."""
    network = Positional(model)
    fields = model.inputs(n, seed)
    inputs = {name: fields[name] for name in network.names}
    with torch.no_grad():
        return inputs, network(*inputs.values()).numpy()


def test_nothing_shipped_is_left_out():
    ours = {c.name for c in Registry.installed().of_kind("generator") if c.distribution.startswith("ganzoo-")}
    assert {text.partition("name: ")[2].partition(",")[0] for text, _ in SHIPPED.values()} >= ours & {
        "mlp",
        "dcgan",
        "resnet",
        "acgan",
        "stylegan2",
    }


# An export to ONNX takes seconds: one in every run of the tests, the others with: tools/test -m slow plugins/ganzoo-explore
@pytest.mark.parametrize("name", [name if name == "acgan" else pytest.param(name, marks=pytest.mark.slow) for name in SHIPPED])
def test_onnx_is_the_same_function(name, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    model = trained(*SHIPPED[name])
    done = export_generator(model, "onnx", tmp_path / "g.onnx")
    assert done.difference is not None
    assert done.difference <= TOLERANCE
    session = onnxruntime.InferenceSession(str(tmp_path / "g.onnx"), providers=["CPUExecutionProvider"])
    assert [value.name for value in session.get_inputs()] == list(forward_inputs(type(model.generator))) == list(done.inputs)
    for n in (1, 2, 9):  # any number of samples
        inputs, wanted = asked(model, n)
        (found,) = session.run(["sample"], {key: value.numpy() for key, value in inputs.items()})
        np.testing.assert_allclose(found, wanted, atol=TOLERANCE)
    assert wanted.std() > 0.02
    facts = json.loads(session.get_modelmeta().custom_metadata_map["ganzoo"])
    assert facts["data"] == model.data.to_json()
    assert facts["step"] == 7


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.slow) if name == "resnet" else name for name in SHIPPED])
def test_torch_export_is_the_same_function(name, tmp_path):
    model = trained(*SHIPPED[name])
    done = export_generator(model, "torch", tmp_path / "g.pt2")
    program = torch.export.load(tmp_path / "g.pt2").module()
    for n in (1, 2, 9):
        inputs, wanted = asked(model, n)
        np.testing.assert_allclose(program(*inputs.values()).detach().numpy(), wanted, atol=TOLERANCE)
    assert done.difference <= TOLERANCE


def test_exported_samples_are_those_of_ganzoo_sample(tmp_path):
    """In the same units: images in [-1, 1] to uint8 as ``sample`` does, points as they are."""
    for name in ("mlp", "mlp of points"):
        model = trained(*SHIPPED[name])
        export_generator(model, "torch", tmp_path / "g.pt2")
        found = torch.export.load(tmp_path / "g.pt2").module()(model.inputs(4, 1)["latent"]).detach()
        wanted = model.sample(4, seed=1).sample
        found = found.add(1).mul(127.5).round().to(torch.uint8) if name == "mlp" else found
        np.testing.assert_allclose(found.numpy(), wanted, atol=1e-6)


class Growing(Generator):
    """As a schedule feeds it: a scalar, and a stage that chooses a branch."""

    latent_dim = 3

    def forward(self, latent, alpha, stage):
        return {"sample": latent[:, :2] * alpha + stage}


def test_a_schedules_last_values_are_constants_of_the_file(tmp_path):
    model = trained("mlp", POINTS, Growing(), {"alpha": torch.tensor(0.25), "stage": 2})
    done = export_generator(model, "torch", tmp_path / "g.pt2")
    assert done.inputs == ("latent",)
    latent = torch.ones(2, 3)
    found = torch.export.load(tmp_path / "g.pt2").module()(latent)
    torch.testing.assert_close(found, torch.full((2, 2), 2.25 * 0.7))


class Noisy(Generator):
    latent_dim = 2

    def forward(self, latent):
        return {"sample": latent + torch.randn_like(latent)}


class Branching(Generator):
    latent_dim = 2

    def forward(self, latent):
        return {"sample": latent if latent.sum() > 0 else -latent}


@pytest.mark.parametrize(("generator", "words"), [(Noisy, "differs from Noisy"), (Branching, "generator Branching cannot be exported")])
def test_what_is_another_function_is_not_written(generator, words, tmp_path):
    with pytest.raises(GanzooError, match=words):
        export_generator(trained("mlp", POINTS, generator()), "torch", tmp_path / "g.pt2")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("missing", ["onnx", "onnxscript"])
def test_a_missing_extra_is_named(missing, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(UserError, match=f"needs {missing}, which is not installed; pip install onnx onnxscript"):
        export_generator(trained(*SHIPPED["mlp of points"]), "onnx", tmp_path / "g.onnx")


@pytest.mark.slow
def test_without_onnxruntime_the_file_is_written_and_not_compared(tmp_path, monkeypatch):
    pytest.importorskip("onnxscript")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert export_generator(trained(*SHIPPED["mlp of points"]), "onnx", tmp_path / "g.onnx").difference is None
    assert (tmp_path / "g.onnx").is_file()


def test_the_command(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("ring.yaml").write_text(
        "{data: {name: ring, count: 64}, generator: {name: mlp, hidden: [8]}, critic: {name: mlp, hidden: [8]}, loss: minimax}"
    )
    assert invoke(["run", "ring.yaml", "--out", "run", "-q", "-o", "train.steps=1", "-o", "train.threads=1"]) == 0
    capsys.readouterr()
    assert invoke(["export", "run", "--to", "torch", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["file"] == "run/generator.pt2"
    assert said["inputs"] == ["latent"]
    assert said["difference"] <= 1e-6
    assert torch.export.load(io.BytesIO(Path("run/generator.pt2").read_bytes())).module()(torch.zeros(3, 100)).shape == (3, 2)
    assert invoke(["export", "run", "--to", "coreml"]) == 2


class Convolutional(Generator):
    """An image of an image, of any size."""

    def __init__(self) -> None:
        super().__init__()
        self.body = torch.nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, sample):
        return {"sample": self.body(sample).tanh()}


@pytest.mark.parametrize("to", ["torch", pytest.param("onnx", marks=pytest.mark.slow)])
def test_an_input_called_sample_is_exported_and_height_and_width_are_free(to, tmp_path):
    data = DataSpec({"sample": (3, 8, 8)})
    network = Convolutional()
    config = parse_config("{data: digits, generator: mlp, critic: unused, loss: unused}")
    part = resolve_part(config, Registry.installed(), "generator", config.generator, ("generator",))
    runtime = Runtime(torch.device("cpu"), "fp32", "highest")
    model = Trained(Path(), network, data, runtime, config, part, Registry.installed(), {}, {"step": 7}, ())
    done = export_generator(model, to, tmp_path / "g")
    assert done.inputs == ("sample_input",)
    assert done.difference is None or done.difference <= TOLERANCE
    asked_for = torch.randn(2, 3, 12, 20)
    if to == "torch":
        found = torch.export.load(tmp_path / "g").module()(asked_for)
    else:
        onnxruntime = pytest.importorskip("onnxruntime")
        session = onnxruntime.InferenceSession(str(tmp_path / "g"), providers=["CPUExecutionProvider"])
        found = torch.from_numpy(session.run(["sample"], {"sample_input": asked_for.numpy()})[0])
    torch.testing.assert_close(found, network(asked_for)["sample"], atol=TOLERANCE, rtol=0)


def test_a_long_reason_is_cut_between_words(tmp_path):
    class Torn(Convolutional):
        def forward(self, sample):
            raise ValueError("word " * 300)

    data = DataSpec({"sample": (3, 8, 8)})
    config = parse_config("{data: digits, generator: mlp, critic: unused, loss: unused}")
    part = resolve_part(config, Registry.installed(), "generator", config.generator, ("generator",))
    runtime = Runtime(torch.device("cpu"), "fp32", "highest")
    model = Trained(Path(), Torn(), data, runtime, config, part, Registry.installed(), {}, {"step": 7}, ())
    with pytest.raises(GanzooError, match=r"word \.\.\.\)"):
        export_generator(model, "torch", tmp_path / "g")
