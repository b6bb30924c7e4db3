"""What a processor can do."""

import pytest
import torch

from ganzoo.engine.device import has_bf16

OLD = {"architecture": "x86_64", "avx2": True, "avx512_bf16": False, "amx_bf16": False}
FOUND = [(OLD, False), (OLD | {"avx512_bf16": True}, True), (OLD | {"amx_bf16": True}, True), ({"architecture": "aarch64"}, True)]


@pytest.mark.parametrize(("found", "native"), FOUND)
def test_a_processor_without_instructions_for_bf16_is_known(monkeypatch, found, native):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: found, raising=False)
    assert has_bf16() == native
