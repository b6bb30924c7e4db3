"""An entry of the image cache that was damaged is never used; one that was copied is taken."""

import re
import shutil
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from cached_images import Source, edit_note, flip_first_bit, keep_time, pixels_of, truncate

from ganzoo import GanzooError

DAMAGE = {
    "truncated": (truncate, "has 319 of 320 bytes"),
    "truncated, same time": (keep_time(truncate), "has 319 of 320 bytes"),
    "removed": (Path.unlink, r"lacks images-\w+\.u8"),
    "note edited": (edit_note, "note that was changed"),
    "note cut": (lambda path: truncate(path.with_suffix(".json")), "note that cannot be read"),
    "note emptied": (lambda path: path.with_suffix(".json").write_text("{}"), "note that cannot be read"),
    "note no mapping": (lambda path: path.with_suffix(".json").write_text("[]"), "note that cannot be read"),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_a_damaged_entry_is_made_again_with_a_notice(tmp_path, case):
    damage, reason = DAMAGE[case]
    source = Source()
    source.read(tmp_path)
    damage(pixels_of(tmp_path))
    log = StringIO()
    source.check(source.read(tmp_path, log=log))
    assert len(re.findall(f"{reason}; decoding again", log.getvalue())) == 1
    assert len(source.asked) == 40
    source.check(source.read(tmp_path))
    assert len(source.asked) == 40


@pytest.mark.parametrize("damage", [flip_first_bit, keep_time(flip_first_bit)], ids=["one bit", "one bit, same time"])
def test_a_damaged_image_is_an_error_when_it_is_read_and_decoded_again_by_the_next_run(tmp_path, damage):
    source = Source(bad=(3,))
    source.read(tmp_path)
    damage(pixels_of(tmp_path))
    found = source.read(tmp_path)
    with pytest.raises(GanzooError, match=r"image 0 does not match its checksum.*start again"):
        np.asarray(found.images)
    assert len(source.asked) == 20
    source.check(source.read(tmp_path))
    assert len(source.asked) == 40


def test_a_copied_entry_is_taken_as_it_is(tmp_path):
    source = Source()
    source.read(tmp_path / "here")
    shutil.copytree(tmp_path / "here", tmp_path / "there", copy_function=shutil.copyfile)
    source.check(source.read(tmp_path / "there"))
    assert len(source.asked) == 20
