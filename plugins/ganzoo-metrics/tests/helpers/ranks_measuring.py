"""What the tests have several processes measure. Each process imports this file; ``start`` of ``processes`` begins them."""

from dataclasses import replace

from ranks_at_work import installed

from ganzoo import GanzooError
from ganzoo.config import parse_config, resolve
from ganzoo.engine import evaluation
from ganzoo.engine.build import build
from ganzoo.engine.distributed import Ranks
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
metrics: [SHARED, samples: 600}, {name: sliced_wasserstein, samples: 50, patches: 4, directions: 16}, SHARED, samples: 250}]
""".replace("SHARED", "{name: classifier_fid, real_samples: 300")


def measure(ranks, signalled=None, broken=None):
    """Of three metrics: what this rank is told, what it prepared, how many samples it saw for which, and what it finds of all by itself.

    Rank ``signalled`` had a signal before; that of ``broken`` cannot look at samples.
    """
    config, own, stop, look, prepare = parse_config(MEASURED), [], Stop(), evaluation.collect, evaluation.prepare
    resolved = resolve(config, installed())
    run, _ = build(config, resolved, reporter(quiet=True), ranks)
    Loop(run, Meter(ranks)).step()

    def collect(name, *rest):
        if ranks.rank == broken:
            raise GanzooError("it is broken")
        found = look(name, *rest)
        own.append((name, len(found["classes"])))
        return found

    def prepared(part, subject):
        own.append(part.name)
        return prepare(part, subject)

    def told(ranks, stop):
        evaluations = evaluation.Evaluations(resolved.metrics, replace(run, ranks=ranks), resolved.data, reporter(quiet=True))
        return [(name, state.get("numbers", state)) for name, state in evaluations.share_out(evaluations.due(4, 4), stop)]

    evaluation.collect, evaluation.prepare = collect, prepared
    stop.signal = 15 if ranks.rank == signalled else 0
    together, did = told(ranks, stop), list(own)
    return together, did, told(Ranks(), Stop())
