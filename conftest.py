"""What is skipped, and why, in one line at the end (in CI a failure where ``tools/setup`` should have brought it); promises, figures."""

import gc
import importlib.metadata
import os
import re
import sys
from collections import Counter
from pathlib import Path

import pytest

CI = any(os.environ.get(name, "") not in ("", "0", "false") for name in ("CI", "GANZOO_CI"))
MAY_SKIP = {
    "no CUDA device": "torch finds no CUDA device",
    "a CUDA device is here": "the device exists here",
    "only on Linux": "pseudo-terminals|reads /proc|elsewhere one process decodes",
    "root may write anywhere": "root may write anywhere",
    "no right to mount": "file systems cannot be mounted here",
    "built without a format": "this Pillow was built without",
    "SciPy too new for pytorch-fid": "SciPy 1.18 and later refuse",
    "no ray": r"ganzoo-sweep\[ray\]",
    "no other shell": "(bash|zsh|fish) is not installed",
    "no package to compare with": "torchgan is not installed|a package to compare with, is not installed",
    "no Inception weights": "Inception's weights",
}
"""Why a test may be skipped in CI, too: in short -> what its reason holds. ``tools/setup`` brings none of these."""


def label(reason: str) -> str | None:
    """The short form of a reason that may be; None: no such reason."""
    return next((short for short, pattern in MAY_SKIP.items() if re.search(pattern, reason)), None)


def reason_of(report) -> str:
    """Why a report is one of a skip; "" where it is none."""
    if not report.skipped or hasattr(report, "wasxfail"):
        return ""
    longrepr = report.longrepr
    return str(longrepr[2] if isinstance(longrepr, tuple) else longrepr).removeprefix("Skipped: ")


def judged(report):
    """The report; in CI a failure where what it was skipped for should be here."""
    reason = reason_of(report)
    if CI and reason and label(reason) is None:
        report.outcome = "failed"
        report.longrepr = f"skipped in CI, where tools/setup should have brought what is missing: {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    """A test, or its fixtures."""
    return judged((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report():
    """A whole file, skipped by ``importorskip`` at its top."""
    return judged((yield))


def pytest_terminal_summary(terminalreporter):
    """``skipped: 12 (3 no CUDA device, 9 visdom is not installed)``."""
    reasons = Counter(
        label(reason) or reason[:100] for report in terminalreporter.stats.get("skipped", []) if (reason := reason_of(report))
    )
    if reasons:
        counts = ", ".join(f"{number} {reason}" for reason, number in reasons.most_common())
        terminalreporter.write_line(f"skipped: {reasons.total()} ({counts})")


def pytest_configure(config):
    """What is installed is read once, until a folder of ``sys.path`` changes; no test waits for the disk: none cuts the power."""
    read, known, patch = importlib.metadata.entry_points, {}, pytest.MonkeyPatch()

    def state(folder):
        """Another where a folder changed. The working directory (""), which most tests make, counts where it holds distributions."""
        try:
            if folder or any(Path().glob("*-info")):
                return folder or Path.cwd(), Path(folder).stat().st_mtime_ns
        except OSError:
            pass
        return None

    def entry_points(**chosen):
        key = (*map(state, sys.path), *chosen.items())
        if key not in known:
            known[key] = read(**chosen)
        return known[key]

    patch.setattr(importlib.metadata, "entry_points", entry_points)
    patch.setattr(os, "fsync", lambda file: None)
    config.add_cleanup(patch.undo)


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Nobody looks for garbage among what is imported, then or later: a fifth of the time. Later it is looked for less often."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(10_000, 20, 20)
        gc.enable()


@pytest.fixture(autouse=True)
def _promise(request, record_property):
    """Put a test's promise on record, for ``tools/prove_reliability``."""
    if marker := request.node.get_closest_marker("promise"):
        section, text = marker.args
        record_property("section", section)
        record_property("promise", text)


@pytest.fixture
def found(record_property):
    """Put a figure on record: ``found("200 kills: 0 lost")``."""
    return lambda text: record_property("found", text)
