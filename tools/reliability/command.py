"""The command: run the promises, keep what they found, write the page."""

from __future__ import annotations

import argparse
import datetime
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from . import page, record


def main() -> int:
    """Returns pytest's exit code: 0 where every promise is kept."""
    parser = argparse.ArgumentParser(
        prog="tools/prove_reliability",
        description="Run every promise of docs/reliability.md with its full count, and write what was found into its tables.",
    )
    parser.add_argument("tests", nargs="*", default=["tests"], help="files or folders of tests; the other promises' figures stay")
    parser.add_argument("--fast", action="store_true", help="what CI runs: the long counts are left out; nothing is written")
    parser.add_argument("-k", metavar="EXPRESSION", help="only tests whose names match, as pytest's -k")
    parser.add_argument("-n", metavar="PROCESSES", default="2", help="how many tests run at once (default: 2)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", *options.tests, f"--junitxml={report}", "-o", "junit_family=legacy", "-n", options.n]
        command += ["-m", "promise and not slow and not gpu" if options.fast else "promise and not gpu"]
        command += ["-k", options.k] if options.k else []
        done = subprocess.run(command, cwd=record.ROOT, env={"OMP_NUM_THREADS": "1", **os.environ})
        if not report.exists():
            return done.returncode
        rows = record.read_report(report, datetime.date.today().isoformat())
    if options.fast:
        for row in rows:
            print(f"{row.section}: {row.promise}\n    {'; '.join(row.found)}")
        return done.returncode
    rows = record.merged(record.load(), rows)
    record.save(rows)
    page.PAGE.write_text(page.rewritten(page.PAGE.read_text(encoding="utf-8"), rows), encoding="utf-8")
    return done.returncode
