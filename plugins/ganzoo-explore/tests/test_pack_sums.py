"""The sums of a pack: a file that is changed, missing or added is found."""

import shutil
import subprocess

import pytest

from ganzoo.runs.packs import SUMS, sha256_of

FILES = {"README.md", "config.yaml", "env.json", "example.png", "requirements.txt", "weights/generator.safetensors"}


def test_other_tools_can_check_the_sums(packed):
    folder, *_ = packed
    if shutil.which("sha256sum"):
        assert subprocess.run(["sha256sum", "--check", "--strict", "--quiet", SUMS], cwd=folder, check=False).returncode == 0
    assert {line.split("  ")[1] for line in (folder / SUMS).read_text().splitlines()} == FILES


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_changed_file_is_refused(name, pack, refused):
    content = bytearray((pack / name).read_bytes())
    content[len(content) // 2] ^= 1
    (pack / name).write_bytes(content)
    assert f"{pack / name} is not as it was packed" in refused(pack)


def test_a_missing_file_is_refused(pack, refused):
    (pack / "weights/generator.safetensors").unlink()
    assert "generator.safetensors of the pack is missing" in refused(pack)


def test_sums_cannot_lead_out_of_the_pack_or_leave_something_out(pack, refused):
    good = (pack / SUMS).read_text()
    (pack.parent / "outside").write_text("x")
    (pack / SUMS).write_text(good + f"{sha256_of(pack.parent / 'outside')}  ../outside\n")
    assert "lies outside of the pack" in refused(pack)
    (pack / SUMS).write_text("".join(line for line in good.splitlines(keepends=True) if "config.yaml" not in line))
    assert "does not name config.yaml" in refused(pack)
    (pack / SUMS).write_text(good + "rubbish\n")
    assert f"{SUMS}:7: this is not a line of sums" in refused(pack)
    (pack / SUMS).write_bytes(b"\xff")
    assert "cannot be read" in refused(pack)
