"""What the tests have several processes measure. Each process imports this file; ``start`` of ``processes`` begins them."""

from dataclasses import replace

from ranks_at_work import installed, keep

from ganzoo.config import parse_config, resolve
from ganzoo.engine.build import build
from ganzoo.engine.distributed import Ranks
from ganzoo.engine.evaluation import Evaluations
from ganzoo.engine.loop import Loop
from ganzoo.engine.meter import Meter
from ganzoo.engine.signals import Stop
from ganzoo.ui.progress import reporter

MEASURED = """
data: digits
generator: {name: mlp, hidden: [8], norm: batch, latent_dim: 2}
critic: {name: mlp, hidden: [8]}
loss: non_saturating
train: {steps: 4, batch_size: 8, device: cpu, threads: 1}
metrics: [METRIC, samples: 50}, METRIC, samples: 51}, METRIC, samples: 52}]
""".replace("METRIC", "{name: sliced_wasserstein, patches: 4, directions: 16")


def measure(ranks, signalled=None):
    """Of three metrics: what this rank is told, which it measured, and what it finds of all by itself; rank ``signalled`` had a signal."""
    config, own, stop = parse_config(MEASURED), [], Stop()
    resolved = resolve(config, installed())
    run, _ = build(config, resolved, reporter(quiet=True), ranks)
    Loop(run, Meter(ranks)).step()
    evaluations = Evaluations(resolved.metrics, run, resolved.data, reporter(quiet=True))
    here, names = evaluations.measure, evaluations.due(4, 4)
    evaluations.measure = lambda name, stop: here(keep(own, name), stop)
    stop.signal = 15 if ranks.rank == signalled else 0
    told = [(name, state.get("numbers")) for name, state in evaluations.share_out(names, stop)]
    evaluations = Evaluations(resolved.metrics, replace(run, ranks=Ranks()), resolved.data, reporter(quiet=True))
    return told, own, [(name, dict(evaluations.measure(name, Stop()).numbers)) for name in names]
