"""Systems of several networks, routes and phases, each a plugin of one file: trained, resumed, exported, packed and sampled from."""

import json
import shutil
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

import ganzoo
from ganzoo.cli import invoke

SYSTEMS = Path(__file__).parent / "third_party/systems"
LOGGED = {
    "cyclegan": {"generator/cycle", "generator/adversarial@back", "critic/adversarial", "critic/adversarial@back"},
    "bigan": {"generator/adversarial", "critic/adversarial"},
    "heads": {"critic/adversarial@at_16", "critic/adversarial@at_8", "critic/r1@at_8", "generator/adversarial"},
    "srgan": {"generator/content", "generator/adversarial", "critic/adversarial"},
    "stylegan2": {"generator/path_length", "critic/r1", "generator/adversarial"},
}
"""What each logs."""
PICTURES = {"cyclegan": (16, [None, "back"]), "bigan": (28, ["reconstruct"]), "srgan": (32, [None])}
"""Those that take pictures: the edge of what they make, and the routes from picture to picture."""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """All of them, trained a few steps."""
    root = tmp_path_factory.mktemp("systems")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(root / "state"))
        for name in LOGGED:
            ganzoo.train(SYSTEMS / f"{name}.yaml", out=root / name, quiet=True, plugins=[SYSTEMS / f"{name}.py"])
        yield root


@pytest.mark.parametrize("name", LOGGED)
def test_it_trains_and_logs_the_terms_of_each_route(trained, name):
    logs = [json.loads(line) for line in (trained / name / "metrics.jsonl").read_text().splitlines()]
    seen = set().union(*(line for line in logs if line["event"] == "log"))
    assert seen >= LOGGED[name]


@pytest.mark.parametrize("name", LOGGED)
def test_resumed_in_the_middle_it_ends_bit_for_bit_as_it_did(trained, name, tmp_path):
    again = tmp_path / name
    shutil.copytree(trained / name, again)
    whole = weights_of(again)
    (again / "checkpoints/step-00000012.ckpt").unlink()
    shutil.rmtree(again / "weights")
    ganzoo.train(SYSTEMS / f"{name}.yaml", out=again, resume=True, quiet=True, plugins=[SYSTEMS / f"{name}.py"])
    resumed = weights_of(again)
    assert resumed.keys() == whole.keys()
    assert all(torch.equal(resumed[key], value) for key, value in whole.items())


def weights_of(run):
    """Every weight of both players."""
    files = {side: load_file(run / f"weights/{side}.safetensors") for side in ("generator", "critic")}
    return {(side, key): value for side, state in files.items() for key, value in state.items()}


@pytest.fixture
def photos(tmp_path):
    """A folder with pictures of several kinds, in a sub-folder too, and one file that is none."""
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    noise = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    Image.fromarray(noise).save(folder / "wide.jpg")
    Image.fromarray(noise[:, :24, 0]).save(folder / "tall.png")
    Image.fromarray(noise).save(folder / "more/tall.png")
    (folder / "broken.png").write_bytes(b"no picture")
    return folder


@pytest.mark.parametrize(("name", "route"), [(name, route) for name, (_, routes) in PICTURES.items() for route in routes])
def test_a_folder_is_translated_by_run_pack_and_export_alike(trained, photos, name, route, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)  # no training data, and not the plugin's file, lies here
    edge = PICTURES[name][0]
    pack = trained / f"{name}-pack"
    if not pack.exists():
        assert invoke(["pack", str(trained / name), "--out", str(pack)]) == 0
    along = ["--route", route] if route else []
    assert invoke(["export", str(pack), "--out", "file.onnx", *along]) == 0
    sources = [trained / name, pack, Path("file.onnx")]
    found = []
    for i, source in enumerate(sources):
        capsys.readouterr()
        assert invoke(["sample", str(source), "--from", str(photos), "--out", f"out{i}", *along]) == 2
        assert "broken.png: not a picture" in capsys.readouterr().err
        written = sorted(path.relative_to(f"out{i}").as_posix() for path in Path(f"out{i}").rglob("*.*"))
        assert written == ["more/tall.png", "tall.png", "wide.png"]
        found.append({path: np.asarray(Image.open(f"out{i}/{path}")).astype(int) for path in written})
        assert all(picture.shape[:2] == (edge, edge) for picture in found[-1].values())
    assert all(np.abs(other[path] - picture).max() <= 1 for other in found[1:] for path, picture in found[0].items())
    assert invoke(["sample", "file.onnx", "--from", str(photos), "--out", "other", "--route", "away"]) == 2
    assert "alone; ganzoo export RUN --route away" in capsys.readouterr().err


def test_codes_are_written_where_no_picture_comes_out_and_python_gives_the_same(trained, photos, tmp_path):
    (photos / "broken.png").unlink()
    assert invoke(["sample", str(trained / "bigan"), "--from", str(photos), "--out", str(tmp_path / "codes"), "--route", "encode"]) == 0
    code = np.load(tmp_path / "codes/tall.npz")["latent"]
    assert code.shape == (8,)
    run = ganzoo.load(trained / "bigan")
    again = run.route("encode")(sample=torch.zeros(3, 1, 28, 28))["latent"]
    assert again.shape == (3, 8)
    with pytest.raises(ganzoo.UserError, match="has no route 'encod'; did you mean 'encode'"):
        run.route("encod")(sample=torch.zeros(3, 1, 28, 28))


def test_pictures_are_enlarged_whole_where_the_network_takes_any_size(trained, photos, tmp_path):
    (photos / "broken.png").unlink()
    assert invoke(["sample", str(trained / "srgan"), "--from", str(photos / "wide.jpg"), "--out", str(tmp_path / "large"), "--whole"]) == 0
    assert Image.open(tmp_path / "large/wide.png").size == (240, 160)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("heads", "--from", "photos", "--out", "out"), "this generator takes no pictures"),
        (("bigan", "--from", "photos", "--out", "out"), "name a route that does with --route: encode, reconstruct"),
        (("cyclegan", "--from", "photos", "--out", "out", "--route", "bakc"), "did you mean 'back'"),
        (("cyclegan", "--from", "photos"), "name a folder with --out"),
        (("cyclegan", "--from", "nowhere", "--out", "out"), "there is no such file or folder"),
        (("cyclegan", "--from", "photos", "--out", "photos"), "it is the folder that pictures come from"),
        (("cyclegan", "--route", "back"), "name them with --from"),
    ],
)
def test_what_cannot_be_translated_is_said(trained, photos, monkeypatch, capsys, asked, said):
    monkeypatch.chdir(photos.parent)
    assert invoke(["sample", str(trained / asked[0]), *asked[1:]]) == 2
    assert said in capsys.readouterr().err


def test_grids_show_source_output_and_target_and_arrays_hold_the_conditions(trained, tmp_path):
    assert invoke(["sample", str(trained / "srgan"), "-n", "3", "--npz", str(tmp_path / "a.npz"), "--png", str(tmp_path / "a.png")]) == 0
    arrays = np.load(tmp_path / "a.npz")
    assert (arrays["sample"].shape, arrays["source"].shape) == ((3, 1, 32, 32), (3, 1, 8, 8))
    tiles = np.asarray(Image.open(tmp_path / "a.png"))
    assert tiles.shape == (34 + 2, 9 * 34 + 2)  # source, output, target: three times, three samples
    for i in range(3):
        left = 2 + 3 * i * 34
        assert np.array_equal(tiles[2:34:4, left : left + 32 : 4], arrays["source"][i, 0])
        assert np.array_equal(tiles[2:34, left + 34 : left + 66], arrays["sample"][i, 0])
        target = tiles[2:34, left + 68 : left + 100].reshape(8, 4, 8, 4).mean((1, 3))
        assert np.abs(target - arrays["source"][i, 0]).max() < 1
    in_training = Image.open(trained / "srgan/samples/step-00000012.png")
    assert in_training.size == (9 * 34 + 2, 2 * 34 + 2)
    unpaired = Image.open(trained / "cyclegan/samples/step-00000012.png")
    assert unpaired.width > unpaired.height  # source | output, and no target


@pytest.mark.parametrize("name", ["bigan", "heads", "stylegan2"])
def test_those_of_noise_are_packed_exported_and_sampled_into_a_folder(trained, name, tmp_path):
    assert invoke(["pack", str(trained / name), "--out", str(tmp_path / "pack")]) == 0
    assert invoke(["export", str(trained / name), "--out", str(tmp_path / "g.onnx")]) == 0
    for source, folder in ((trained / name, "one"), (tmp_path / "pack", "two")):
        assert invoke(["sample", str(source), "-n", "3", "--out", str(tmp_path / folder)]) == 0
    assert [path.read_bytes() for path in sorted((tmp_path / "one").iterdir())] == [
        path.read_bytes() for path in sorted((tmp_path / "two").iterdir())
    ]
    run, session = ganzoo.load(trained / name), onnxruntime.InferenceSession(tmp_path / "g.onnx")
    latent = torch.randn(3, *session.get_inputs()[0].shape[1:])
    (made,) = session.run(["sample"], {"latent": latent.numpy()})
    assert np.allclose(made, run(latent=latent)["sample"], atol=1e-5)


def test_pairs_are_measured_and_domains_without_pairs_are_refused(trained, capsys):
    for metric, (least, most) in {"psnr": (5, 60), "ssim": (0, 1), "l1": (0.01, 1)}.items():
        assert invoke(["eval", str(trained / "srgan"), "-m", metric, "--json"]) == 0
        assert least < json.loads(capsys.readouterr().out)[0]["values"][metric] < most
    assert invoke(["eval", str(trained / "cyclegan"), "-m", "psnr"]) == 2
    assert "nothing that the generator is given is paired with 'sample'" in capsys.readouterr().err
