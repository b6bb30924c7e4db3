"""``kill -9`` of the command, at any moment: it resumes, loses at most one checkpoint interval, and ends as if nothing had been."""

import random
import signal
import time

import pytest

INTERVAL = 10
PACE = [f"checkpoint.every={INTERVAL}", "log.every=1", "sample.every=1000000"]
START = 3.0
"""Seconds in which a process that is not disturbed reaches its first step, roughly."""


def options(steps):
    return [word for override in [f"train.steps={steps}", *PACE] for word in ("-o", override)]


def last(events, event):
    return max((line["step"] for line in events if line["event"] == event), default=0)


def wait_for(condition, process, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


THREADED = """from ganzoo.engine import outputs
class Late(outputs.Background):
    def do(self, kind, work, then): super().do(kind, lambda: (__import__("time").sleep(0.05), work())[1], then)
outputs.Background = lambda threaded, late=Late: late(threaded=True)"""
"""Writes late and behind the steps, as on a GPU: those that are taken meanwhile may be taken again."""


@pytest.mark.parametrize(
    ("kills", "steps", "before"), [(1, 150, ""), (1, 150, THREADED), pytest.param(25, 4000, "", marks=pytest.mark.slow)]
)
@pytest.mark.promise(
    "Kill it", "kill -9 of the command at random moments: it resumes, loses at most a checkpoint interval, ends with the same tensors"
)
def test_the_command_survives_kill_9(kills, steps, before, start, train, left, differing, found):
    moments = random.Random(kills)
    run, lost, starting, event = left("out"), [], 0, "checkpoint" if before else "log"
    for kill in range(kills):
        known = len(run.events)
        process = start("run", "ring.yaml", "--quiet", "--out", "out", "--resume", *options(steps), before=before)
        if kill % 3 == 2:  # anywhere in its start, too
            time.sleep(moments.uniform(0, START))
        else:
            wait_for(lambda known=known: any(line["event"] == event and line["step"] for line in run.events[known:]), process)
            time.sleep(moments.uniform(0, 0.3))
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        now = run.events
        resumed = [line["step"] for line in now[known:] if line["event"] == "started"]
        if not resumed:
            starting += 1
            continue
        lost.append(last(now[:known], "log") - resumed[0])
        assert resumed[0] >= last(now[:known], "checkpoint")
    assert last(run.events, "log") < steps
    train("out", f"train.steps={steps}", *PACE, resume=True)
    lost.append(last(now, "log") - [line["step"] for line in run.events if line["event"] == "started"][-1])
    assert max(lost) <= INTERVAL * (2 if before else 1)  # one may wait to be written
    assert run.temporary == []
    train("whole", f"train.steps={steps}", *PACE)
    assert differing(left("whole").state, run.state) == []
    found(f"{kills} kills, {starting} before the first step: at most {max(lost)} of {INTERVAL} steps done again, 0 tensors differ")
