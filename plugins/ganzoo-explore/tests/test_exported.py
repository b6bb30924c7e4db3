"""What an exported file says of itself, and pictures that go through it."""

import json
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import torch
from ganzoo_explore.export import Positional, _facts
from ganzoo_explore.translate import translate
from ganzoo_explore.translators import translator_of_file
from PIL import Image

from ganzoo.config import parse_config, resolve_part
from ganzoo.engine.device import Runtime
from ganzoo.errors import UserError
from ganzoo.fields import DataSpec
from ganzoo.registry import Registry
from ganzoo.rundir.files import GENERATOR
from ganzoo.rundir.weights import export
from ganzoo.runs.trained import Trained


@pytest.mark.parametrize(("run", "step", "said"), [("r", 9, "of step 7, its run's are of step 9"), ("r", 7, ""), ("other", 9, "")])
def test_an_export_that_its_run_went_on_from_is_told_where_it_is_sampled(run, step, said, tmp_path, capsys):
    onnx = pytest.importorskip("onnx")
    ports = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", 1, 8, 8]) for name in ("source", "sample")]
    nodes = [onnx.helper.make_node("Identity", ["source"], ["sample"])]
    model = onnx.helper.make_model(onnx.helper.make_graph(nodes, "g", ports[:1], ports[1:]), ir_version=10)
    facts = {"route": "", "run": "r", "step": 7, "data": DataSpec({"sample": (1, 8, 8), "source": (1, 8, 8)}).to_json()}
    onnx.helper.set_model_props(model, {"ganzoo": json.dumps(facts)})
    onnx.save(model, tmp_path / "g.onnx")
    (tmp_path / "weights").mkdir()
    export({}, tmp_path / GENERATOR, run=run, step=step)
    translator_of_file(tmp_path / "g.onnx", "", 0)
    told = capsys.readouterr().err
    assert said in told
    assert bool(said) == bool(told)


def test_an_export_knows_its_classes_by_name_and_makes_a_hole_as_its_data_set_does(tmp_path):
    onnx = pytest.importorskip("onnx")
    shapes = {"source": ["n", 3, 16, 16], "mask": ["n", 1, 16, 16], "label": ["n"], "sample": ["n", 3, 16, 16]}
    kinds = {"label": onnx.TensorProto.INT64}
    ports = [onnx.helper.make_tensor_value_info(name, kinds.get(name, onnx.TensorProto.FLOAT), shape) for name, shape in shapes.items()]
    nodes = [onnx.helper.make_node("Add", ["source", "mask"], ["sample"])]
    model = onnx.helper.make_model(onnx.helper.make_graph(nodes, "g", ports[:3], ports[3:]), ir_version=10)
    data = DataSpec({name: tuple(shape[1:]) for name, shape in shapes.items()}, classes=2).to_json()
    facts = {"run": "r", "step": 7, "data": data, "class_names": ["thin", "thick"]}
    Image.new("RGB", (16, 16)).save(tmp_path / "black.png")
    for dataset, said in (
        ({"name": "ganzoo-faces/faces", "size": 16, "mask": "centre"}, ""),
        (None, "export again"),
        ({"name": "gone"}, "export again"),
    ):
        onnx.helper.set_model_props(model, {"ganzoo": json.dumps(facts | {"dataset": dataset})})
        onnx.save(model, tmp_path / "g.onnx")
        with pytest.raises(UserError, match=said) if said else nullcontext():
            translate(translator_of_file(tmp_path / "g.onnx", "", 0), [tmp_path / "black.png"], tmp_path / "out", label=1)
    (made,) = (tmp_path / "out").iterdir()
    assert (np.asarray(Image.open(made)) > 0).sum() == 3 * 8 * 8
    translator = translator_of_file(tmp_path / "g.onnx", "", 0)
    assert [translator.class_of(label) for label in ("thick", "0", None)] == [1, 0, None]
    with pytest.raises(UserError, match="there is no class '2'; classes: thick, thin"):
        translator.class_of("2")


def test_an_export_says_what_data_set_it_was_trained_on_and_not_whose_folder_that_is(tmp_path):
    config = parse_config("{data: {name: folder, root: /home/me/photos}, generator: mlp, critic: b, loss: c}")
    part, data = resolve_part(config, Registry.installed(), "generator", config.generator, ("generator",)), DataSpec({"sample": (2,)})
    runtime = Runtime(torch.device("cpu"), "fp32", "highest")
    model = Trained(Path(), part.build(data), data, runtime, config, part, Registry.installed(), {}, {}, ())
    said = json.loads(_facts(model, Positional(model))["ganzoo"])["dataset"]
    assert (said["name"], said["root"], said["mask"]) == ("ganzoo-data/folder", "photos", None)
