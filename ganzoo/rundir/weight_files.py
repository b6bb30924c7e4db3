"""Reads files of weights as other programs leave them, and says what a file is that holds none. Nothing is ever unpickled."""

from __future__ import annotations

import re
import warnings
import zipfile
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as from_safetensors

from ganzoo.errors import UserError

from . import checkpoint

SAVE_ONE = "save one: torch.save(network.state_dict(), path)"
AGAIN = "get the file itself"
KINDS = {
    b"\x89HDF\r\n": ("an HDF5 file, such as Keras writes", "convert it to a state dict of torch"),
    b"GGUF": ("a GGUF file", "convert it to a state dict of torch"),
    b"version https://git-lfs": ("a pointer of git-lfs, not the weights", "get them with: git lfs pull"),
    **dict.fromkeys((b"\x89PNG", b"GIF8", b"\xff\xd8\xff"), ("a picture, not weights", AGAIN)),
    b"%PDF": ("a PDF, not weights", AGAIN),
    **dict.fromkeys(
        (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!", b"\x28\xb5\x2f\xfd"), ("a compressed file", "unpack it first")
    ),
    b"\x93NUMPY": ("an array of numpy", SAVE_ONE),
}
"""How files begin that are no weights -> what they are, and what to do."""


def read(path: Path) -> Any:
    """What a file of weights holds: safetensors, a file of ``torch.save``, or a checkpoint of ours, told from its content.

    Raises:
        UserError: where the file is missing, damaged or another kind of file, saying which; nothing in it is executed.
    """
    if not path.is_file():
        what = f"{path} is {'a folder' if path.is_dir() else 'not a regular file'}" if path.exists() else f"there is no weights file {path}"
        raise UserError(what, "name a .safetensors file or a state dict saved by torch.save", key="--weights")
    try:
        with path.open("rb") as file:
            head = file.read(512)
        size = path.stat().st_size
        if checkpoint.is_checkpoint(path):
            return checkpoint.decode(path.read_bytes(), str(path))["networks"]
        _refuse_kind(path, head)
        length = int.from_bytes(head[:8], "little")
        if head[5:9] == b"\0\0\0{" or (path.suffix == ".safetensors" and not head.startswith((b"PK", b"\x80"))):
            if 8 + length > size:
                raise SafetensorError(f"it has {size} bytes, and its header promises more")
            return from_safetensors(path.read_bytes())
        with path.open("rb") as file, warnings.catch_warnings():  # of the file itself, whose name torch would believe
            warnings.simplefilter("ignore")  # of sparse tensors, which are refused
            return torch.load(file, map_location="cpu", weights_only=True)
    except UserError as error:
        raise UserError(error.what, error.remedy, key="--weights") from error
    except SafetensorError as error:
        raise UserError(f"{path} is not a whole safetensors file ({error})", "copy it again", key="--weights") from error
    except Exception as error:  # a forged archive raises many kinds
        pickled = re.search(r"Unsupported global: GLOBAL (\S+)", str(error))
        reason = f"it holds a pickled {pickled[1]}" if pickled else f"{type(error).__name__}: {' '.join(str(error).split())[:120]}"
        what, remedy = f"{path} cannot be read without executing code from it ({reason})", SAVE_ONE.replace("one", "a plain state dict")
        raise UserError(what, remedy, key="--weights") from error


def _refuse_kind(path: Path, head: bytes) -> None:
    """Name a file that is not weights at all."""
    if not head:
        raise UserError(f"{path} is empty", "copy it again")
    for magic, (kind, remedy) in KINDS.items():
        if head.startswith(magic):
            raise UserError(f"{path} is {kind}", remedy)
    if head.startswith(b"PK") and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
        if any(name.endswith("constants.pkl") for name in names):
            raise UserError(f"{path} is a TorchScript archive, which is code", SAVE_ONE)
        if not any(name.endswith("data.pkl") for name in names):
            raise UserError(f"{path} is a zip of {', '.join(names[:3]) or 'nothing'}, not a file of torch.save", SAVE_ONE)
    if head[257:262] == b"ustar":
        raise UserError(f"{path} is a tar", "unpack it first")
    text = head.decode("utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", "ignore")
    if re.match(r"\s*(<!--.*?-->\s*)?<(!doctype|html|head|\?xml)", text, re.IGNORECASE | re.DOTALL):
        raise UserError(f"{path} is a web page (HTML), not weights", AGAIN)
    if len(text.encode()) >= len(head) - 3 and all(each.isprintable() or each in "\t\r\n" for each in text):
        raise UserError(f"{path} is a text file ('{' '.join(text.split())[:30].rstrip()}')", AGAIN)
