"""The page of ``ganzoo compare``: it stands alone, and what it draws is of the same latents and axes."""

import base64
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from compared_runs import FACTS, RECIPE
from ganzoo_explore import side_by_side
from ganzoo_explore.compared import distinct_names, read_runs
from ganzoo_report.charts import make_charts
from ganzoo_report.series import Series
from PIL import Image

from ganzoo.cli import invoke
from ganzoo.errors import UserError
from ganzoo.registry import Registry
from ganzoo.rundir.lines import append_event
from ganzoo.runs.trained import load_trained

# Names.


def test_runs_have_names_of_their_own():
    assert distinct_names([Path("/x/runs/a"), Path("/x/runs/b")]) == ["a", "b"]
    assert distinct_names([Path("/x/one/a"), Path("/x/two/a"), Path("/x/two/b")]) == ["one/a", "two/a", "two/b"]


def test_a_run_keeps_its_colour_where_another_has_no_line():
    (chart,) = make_charts("A", [Series("second", np.array([1.0, 2.0]), np.array([0.0, 1.0]))], colours={"first": 0, "second": 1})
    assert [entry.colour for entry in chart.legend] == [1]
    assert 'class="s1"' in chart.svg
    assert 'class="s0"' not in chart.svg


# The command.


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Three runs: one, one of another loss, and one with longer latents."""
    folder = tmp_path_factory.mktemp("compared")
    (folder / "small.yaml").write_text(RECIPE)
    for name, overrides in (("first", []), ("second", ["loss=least_squares"]), ("longer", ["generator.latent_dim=6"])):
        words = [word for text in overrides for word in ("-o", text)]
        assert invoke(["run", str(folder / "small.yaml"), "--out", str(folder / name), "-q", *words]) == 0
    for name, value in (("first", 20.0), ("second", 10.0)):
        values = {"classifier_fid": value, "provenance": FACTS}
        append_event(folder / name, "evaluated", step=4, metric="classifier_fid", values=values)
    return folder


def test_the_page_stands_alone_and_says_what_differs(trained, tmp_path, capsys):
    page = tmp_path / "compare.html"
    assert invoke(["compare", str(trained / "first"), str(trained / "second"), "--out", str(page), "-n", "9"]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"classifier_fid +20 +10 \(best\) +lower is better", printed)
    assert re.search(r"loss\.0\.name +non_saturating +least_squares", printed)
    assert printed.rstrip().endswith(str(page))
    html = page.read_text()
    assert "://" not in html.replace("http-equiv", "")
    assert "script-src &#39;sha256-" in html or "script-src 'sha256-" in html
    assert "From the same latents: seed 0, 4 numbers a sample for all." in html
    assert len(re.findall(r'<img src="data:image/png;base64,', html)) == 2
    for words in (
        "critic: adversarial",
        "generator: gradient norm",
        "The losses differ",
        "lower is better",
        "digits 6136ffd6a9a4",
        "loss.0.name",
    ):
        assert words in html, words
    chart = re.search(r'aria-label="critic: adversarial\.[^"]*"', html)[0]
    assert "first from" in chart
    assert "second from" in chart


def test_grids_are_of_the_same_latents(trained):
    models = [load_trained(trained / name, None, Registry.installed()) for name in ("first", "second", "longer")]
    first, second, longer = (model.inputs(5, seed=3)["latent"] for model in models)
    assert torch.equal(first, second)
    assert longer.shape != first.shape
    assert side_by_side.about_latents(["a", "b"], models[:2], 3) == "From the same latents: seed 3, 4 numbers a sample for all."
    told = side_by_side.about_latents(["a", "b", "c"], models, 3)
    assert "4 numbers a sample for a and b, 6 numbers a sample for c" in told
    assert "do not correspond" in told


def test_points_lie_over_those_of_the_data_on_the_same_axes(tmp_path):
    """Two clouds are compared by eye only where they have one scale: an untrained one would otherwise fill its picture, too."""
    threads = torch.get_num_threads()
    (tmp_path / "ring.yaml").write_text(RECIPE.replace("digits", "{name: ring, count: 500}"))
    for name, rate in (("still", "1e-6"), ("wild", "5.0")):
        assert invoke(["run", f"{tmp_path}/ring.yaml", "--out", f"{tmp_path}/{name}", "-q", "-o", f"optimizer.generator.lr={rate}"]) == 0
    torch.set_num_threads(threads)
    assert invoke(["compare", f"{tmp_path}/still", f"{tmp_path}/wild", "--out", f"{tmp_path}/compare.html"]) == 0
    found = re.findall(r'src="data:image/png;base64,([^"]+)"', (tmp_path / "compare.html").read_text())
    still, wild = (np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))) for data in found)
    assert (still != wild).any()
    assert (still[:, :28] == wild[:, :28]).all()  # the numbers of the vertical axis
    grey = (still == 128).all(axis=2)
    assert grey[28:-28, 28:-28].sum() > 20  # points of the data


def test_json(trained, tmp_path, capsys):
    folders = [str(trained / name) for name in ("first", "second", "longer")]
    assert invoke(["compare", *folders, "--out", str(tmp_path / "c.html"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert list(said["runs"]) == ["first", "second", "longer"]
    (number,) = said["numbers"]
    assert number["ranked"] == ["second", "first"]
    assert number["values"]["longer"] is None
    assert number["values"]["first"]["provenance"]["network"] == FACTS["network"]
    assert said["differs"]["generator.latent_dim"] == {"first": "4", "second": "4", "longer": "6"}


def test_a_run_that_cannot_be_sampled_is_still_compared(trained, tmp_path, capsys):
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "config.yaml").write_text((trained / "first/config.yaml").read_text())
    assert invoke(["compare", str(trained / "first"), str(broken), "--out", str(tmp_path / "c.html")]) == 0
    assert "No samples: " in (tmp_path / "c.html").read_text()


@pytest.mark.parametrize(
    ("names", "words"), [(["first"], "needs two runs"), (["first", "first"], "named twice"), (["first", "nowhere"], "there is no folder")]
)
def test_compare_refuses(names, words, trained, tmp_path, capsys):
    assert invoke(["compare", *(str(trained / name) for name in names), "--out", str(tmp_path / "c.html")]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "c.html").exists()


def test_nothing_from_a_run_is_markup(tmp_path):
    attack = "<script>alert(1)</script>"
    folders = []
    for name in ("<b>one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "config.yaml").write_text(f"data: {json.dumps(attack + name)}\n")
        values = {attack: 1.0, "provenance": {attack: attack + name}}
        append_event(folder, "evaluated", step=1, metric=attack, values=values)
        append_event(folder, "log", step=1, **{f"critic/{attack}": 1.0})
        append_event(folder, "log", step=2, **{f"critic/{attack}": np.pi})
        folders.append(str(folder))
    assert invoke(["compare", *folders, "--out", str(tmp_path / "c.html")]) == 0
    html = (tmp_path / "c.html").read_text()
    assert html.count("<script>") == 1
    assert "<b>one" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_read_runs_needs_runs(tmp_path):
    with pytest.raises(UserError, match="is not a run directory"):
        read_runs([tmp_path, tmp_path / "x"])
