"""What a processor can do."""

import pytest
import torch

from ganzoo.engine.device import Runtime

OLD = {"architecture": "x86_64", "avx2": True, "avx512_bf16": False, "amx_bf16": False}


@pytest.mark.parametrize(
    ("precision", "found", "emulated"),
    [
        ("bf16", OLD, True),
        ("fp32", OLD, False),
        ("bf16", OLD | {"avx512_bf16": True}, False),
        ("bf16", OLD | {"amx_bf16": True}, False),
        ("bf16", {"architecture": "aarch64"}, False),
    ],
)
def test_bf16_without_instructions_for_it_is_known(monkeypatch, precision, found, emulated):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: found, raising=False)
    assert Runtime(torch.device("cpu"), precision, "highest", 1).emulates_bf16 == emulated
