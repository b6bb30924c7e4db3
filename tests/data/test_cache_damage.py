"""An entry of the image cache that was damaged is made again with a notice; one that was copied is taken."""

import re
import shutil
from io import StringIO
from pathlib import Path

import pytest
from cached_images import Source, edit_note, flip_first_bit, keep_time, pixels_of, truncate

DAMAGE = {
    "truncated": (truncate, False, "has 319 of 320 bytes"),
    "truncated, same time": (keep_time(truncate), False, "has 319 of 320 bytes"),
    "one bit": (flip_first_bit, False, "does not match its checksums"),
    "one bit, same time": (keep_time(flip_first_bit), True, "does not match its checksums"),
    "removed": (Path.unlink, False, r"lacks images-\w+\.u8"),
    "note edited": (edit_note, False, "note that was changed"),
    "note cut": (lambda path: truncate(path.with_suffix(".json")), False, "note that cannot be read"),
    "note emptied": (lambda path: path.with_suffix(".json").write_text("{}"), False, "note that cannot be read"),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_a_damaged_entry_is_made_again_with_a_notice(tmp_path, case):
    damage, verify, reason = DAMAGE[case]
    source = Source()
    source.read(tmp_path)
    damage(pixels_of(tmp_path))
    log = StringIO()
    source.check(source.read(tmp_path, verify=verify, log=log))
    assert len(re.findall(f"{reason}; decoding again", log.getvalue())) == 1
    assert len(source.asked) == 40
    source.check(source.read(tmp_path, verify=True))
    assert len(source.asked) == 40


def test_a_copied_entry_is_taken_as_it_is(tmp_path):
    source = Source()
    source.read(tmp_path / "here")
    shutil.copytree(tmp_path / "here", tmp_path / "there", copy_function=shutil.copyfile)
    source.check(source.read(tmp_path / "there"))
    assert len(source.asked) == 20
    copied, original = (pixels_of(tmp_path / name).stat().st_mtime_ns for name in ("there", "here"))
    assert copied == original  # so that the next run need not hash it again
