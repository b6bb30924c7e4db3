"""A file of Inception's weights: random ones, as the official file holds them."""

import hashlib

import torch
from ganzoo_metrics.inception import InceptionNetwork


def write_inception(folder):
    """(path, sha256): a plain state dict without batch counters."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = InceptionNetwork()
        for module in network.modules():
            if isinstance(module, torch.nn.Conv2d):
                torch.nn.init.kaiming_normal_(module.weight)  # or the signal would fade over 48 layers
    state = {name: value for name, value in network.state_dict().items() if not name.endswith("num_batches_tracked")}
    path = folder / "weights.pth"
    torch.save(state, path)
    return path, hashlib.sha256(path.read_bytes()).hexdigest()
