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
    "truncated": (truncate, "has 319 of 320 bytes", 1),
    "truncated, same time": (keep_time(truncate), "has 319 of 320 bytes", 1),
    "removed": (Path.unlink, r"lacks images-\w+\.u8", 19),
    "note edited": (edit_note, "note or checksums that were changed", 0),
    "checksums cut": (lambda path: truncate(path.with_suffix(".crc32")), "note or checksums that were changed", 1),
    "checksums removed": (lambda path: path.with_suffix(".crc32").unlink(), r"lacks images-\w+\.crc32", 20),
    "note cut": (lambda path: truncate(path.with_suffix(".json")), "note that cannot be read", 0),
    "note emptied": (lambda path: path.with_suffix(".json").write_text("{}"), "note that cannot be read", 0),
    "note no mapping": (lambda path: path.with_suffix(".json").write_text("[]"), "note that cannot be read", 0),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_a_damaged_entry_is_made_again_with_a_notice(tmp_path, case):
    damage, reason, again = DAMAGE[case]
    source = Source()
    source.read(tmp_path)
    damage(pixels_of(tmp_path))
    log = StringIO()
    source.check(source.read(tmp_path, log=log))
    assert len(re.findall(f"{reason}; decoding again", log.getvalue())) == 1
    decoded = len(source.asked)
    assert decoded - 20 == again
    source.check(source.read(tmp_path))
    assert len(source.asked) == decoded


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
    assert sorted(source.asked[20:]) == [0, 3]  # bad ones are looked at again, so that their reasons are known


def test_a_copied_entry_is_taken_as_it_is(tmp_path):
    source = Source()
    source.read(tmp_path / "here")
    shutil.copytree(tmp_path / "here", tmp_path / "there", copy_function=shutil.copyfile)
    source.check(source.read(tmp_path / "there"))
    assert len(source.asked) == 20
