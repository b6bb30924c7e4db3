"""The sliced Wasserstein distance of a run, from end to end."""

import json

from ganzoo.cli import invoke

RUN = """
data: digits
generator: {name: dcgan, width: 4, latent_dim: 4}
critic: {name: dcgan, width: 4}
loss: non_saturating
train: {steps: 2, batch_size: 8, device: cpu, threads: 1}
sample: {count: 10}
"""


def test_a_run_is_measured_from_end_to_end(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    (tmp_path / "c.yaml").write_text(RUN)
    run = str(tmp_path / "run")
    assert invoke(["run", str(tmp_path / "c.yaml"), "-q", "--out", run]) == 0
    found = []
    for _ in range(2):
        capsys.readouterr()
        options = ["-o", "samples=300", "-o", "patches=16", "-o", "directions=64"]
        assert invoke(["eval", run, "-m", "sliced_wasserstein", *options, "--json", "-q"]) == 0
        found.append(json.loads(capsys.readouterr().out)[0]["values"])
    assert found[0] == found[1]
    assert found[0]["swd"] == found[0]["swd_28"] > 0.1  # two steps make no digits
    provenance = found[0]["provenance"]
    assert (provenance["samples"], provenance["real_samples"], provenance["data"]) == (300, 300, "digits")
    assert (provenance["levels"], provenance["patches"], provenance["directions"]) == (1, 16, 64)
    assert invoke(["eval", run, "-m", "sliced_wasserstein", "-o", "samples=20000"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "set samples to at most 10000" in error
