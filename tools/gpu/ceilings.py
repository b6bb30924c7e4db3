"""Stage A: what is installed and set, and the most that the card gives: products, copies, small kernels in a graph."""

from __future__ import annotations

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version

import torch

from .training import figure, rehearsing, seconds_each

PACKAGES = ("torch", "torchvision", "triton", "numpy", "pydantic", "pytest", "ganzoo-core")


def main() -> int:
    """Print them."""
    rehearse = rehearsing(__doc__).rehearse
    device = torch.device("cpu" if rehearse else "cuda")
    figure("versions", ", ".join([f"Python {platform.python_version()}", *map(versioned, PACKAGES)]))
    figure("CUDA, cuDNN", f"{torch.version.cuda}, {torch.backends.cudnn.version()}")  # type: ignore[no-untyped-call]
    figure("card", "none" if rehearse else card(device))
    settings = {
        "cudnn.benchmark": torch.backends.cudnn.benchmark,
        "cudnn.allow_tf32": torch.backends.cudnn.allow_tf32,
        "matmul.allow_tf32": torch.backends.cuda.matmul.allow_tf32,
        "float32_matmul_precision": torch.get_float32_matmul_precision(),
        "bf16": rehearse or torch.cuda.is_bf16_supported(),
    }
    figure("settings", ", ".join(f"{name} {value}" for name, value in settings.items()))
    size, count = (256, 2) if rehearse else (8192, 20)
    for kind in (torch.bfloat16, torch.float32):
        a, b = (torch.randn(size, size, device=device, dtype=kind) for _ in range(2))
        seconds = seconds_each(lambda a=a, b=b: a @ b, count, device)  # type: ignore[misc]
        figure(f"product {size} {str(kind).removeprefix('torch.')}", f"{2 * size**3 / seconds / 1e12:,.1f} TFLOP/s")
    source = torch.randint(0, 255, ((1 << 20) if rehearse else (4 << 30),), device=device, dtype=torch.uint8)
    target = torch.empty_like(source)
    seconds = seconds_each(lambda: target.copy_(source), count, device)
    figure("copy, read and written", f"{2 * source.numel() / seconds / 1e12:,.2f} TB/s")
    small = torch.zeros(64, device=device)
    figure("small kernel, launched", f"{seconds_each(lambda: small.add_(1), 2000, device) * 1e6:,.2f} us")
    if not rehearse:
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            for _ in range(1000):
                small.add_(1)
        figure("small kernel, in a graph", f"{seconds_each(graph.replay, 20, device) * 1e3:,.2f} us")
    return 0


def versioned(name: str) -> str:
    """A distribution with its version."""
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return f"{name} absent"


def card(device: torch.device) -> str:
    """What torch and the driver say of the GPU."""
    facts = torch.cuda.get_device_properties(device)
    asked = ["nvidia-smi", "--query-gpu=driver_version,clocks.sm,clocks.mem", "--format=csv,noheader"]
    try:
        said = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=10).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        said = "no nvidia-smi"
    return f"{facts.name}, {facts.total_memory / 2**30:.0f} GiB, {facts.multi_processor_count} multiprocessors; driver, clocks: {said}"


if __name__ == "__main__":
    raise SystemExit(main())
