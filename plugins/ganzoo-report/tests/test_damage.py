"""A report is made of whatever a run left: nothing of it is markup, nothing outside of it is read, damage is not an obstacle."""

import json
import shutil

import numpy as np
import pytest
from ganzoo_report.page import write_report
from reported_runs import make_run, report_of, write_events

from ganzoo.errors import UserError
from ganzoo.rundir.record import read_record
from ganzoo.ui.pictures import image_grid, save_png


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("runs") / "faces")


ATTACK = '"></code></pre><script>alert(1)</script><img src=https://evil.example/x onerror=alert(1)>"\''


def test_nothing_from_the_run_is_markup(tmp_path):
    directory = make_run(tmp_path / "<b>run & co")
    (directory / "config.yaml").write_text(f"# {ATTACK}\ndata: {{name: {json.dumps(ATTACK)}}}\n")
    (directory / "recipe.yaml").write_text(f"data: {{name: x, {json.dumps(ATTACK)}: {json.dumps(ATTACK)}}}\n")
    (directory / "env.json").write_text(json.dumps({"command": ATTACK, ATTACK: [ATTACK, "\x1b"]}))
    events = [{"event": "started", "time": ATTACK}]
    events += [{"event": "log", "step": step, f"critic/{ATTACK}": 1.0 * step, "images_per_second": 1.0} for step in (1, 2, 3)]
    events += [{"event": "evaluated", "step": 3, "metric": ATTACK, "values": {ATTACK: 1.0, "network": ATTACK}}]
    events += [{"event": "warning", "step": 1, "text": ATTACK}, {"event": "failed", "step": 3, "text": ATTACK}]
    write_events(directory, events)
    page = report_of(directory)
    assert len(page.all("script")) == 1
    assert all(image["src"].startswith("data:image/png;base64,") for image in page.all("img"))
    assert page.text.count(ATTACK) > 5
    assert "<b>run & co" in page.text


def test_torn_line_and_rubbish_are_left_out(run, tmp_path):
    directory = tmp_path / "torn"
    shutil.copytree(run, directory)
    text = (directory / "metrics.jsonl").read_text()
    rubbish = '[1, 2]\n"word"\nnull\n{"event": 3}\n{"step": 1}\n{"event": "log"}\n{"event": "log", "step": "x", "critic/a": 1}\n'
    (directory / "metrics.jsonl").write_bytes(rubbish.encode() + text.encode() + b'\xff\xfe{"event": "log", "step": 1050, "cri')
    assert read_record(directory) == read_record(run)
    assert "Finished at step 1,000" in report_of(directory).text


@pytest.mark.parametrize("missing", ["config.yaml", "env.json", "metrics.jsonl", "samples", "weights", "recipe.yaml"])
def test_missing_files_are_no_obstacle(run, tmp_path, missing):
    directory = tmp_path / "part"
    shutil.copytree(run, directory)
    path = directory / missing
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert "part" in report_of(directory).text


@pytest.mark.parametrize("content", ["", "{", "[1]", "a: [", "\x00", "- 1\n- 2\n", '{"train": 3, "runtime": [1], "command": null}'])
def test_damaged_files_are_no_obstacle(run, tmp_path, content):
    directory = tmp_path / "damaged"
    shutil.copytree(run, directory)
    for name in ("config.yaml", "recipe.yaml", "env.json"):
        (directory / name).write_text(content)
    (directory / "samples" / "step-00000250.png").write_text(content)
    assert len(report_of(directory).all("img")) == 4


def test_empty_run_directory_says_so(tmp_path):
    assert "Nothing recorded yet" in report_of(tmp_path).text


def test_no_run_at_all_is_the_users_error(tmp_path):
    with pytest.raises(UserError, match="there is no folder"):
        write_report(tmp_path / "nowhere")
    (tmp_path / "letter.txt").write_text("Dear")
    with pytest.raises(UserError, match="holds no run"):
        write_report(tmp_path)
    assert not (tmp_path / "report.html").exists()


def test_pictures_outside_the_run_stay_there(tmp_path):
    directory = make_run(tmp_path / "linked", pictures=1)
    save_png(image_grid(np.zeros((1, 1, 8, 8), np.uint8), 1), tmp_path / "secret.png")
    (directory / "samples" / "step-00001000.png").symlink_to(tmp_path / "secret.png")
    (directory / "env.json").unlink()
    (tmp_path / "secret.json").write_text('{"command": "secret"}')
    (directory / "env.json").symlink_to(tmp_path / "secret.json")
    page = report_of(directory)
    assert len(page.all("img")) == 1
    assert "secret" not in page.text
