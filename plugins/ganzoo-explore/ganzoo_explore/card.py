"""A model card: what a pack's reader should know, as Markdown in ``README.md``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ganzoo_report.changes import component_names, flat
from ganzoo_report.numbers import number_text

from ganzoo.rundir import Evaluation, read_json, read_record, read_yaml
from ganzoo.rundir.files import CONFIG, ENVIRONMENT

TEMPLATE = Path(__file__).with_name("card.md")
METHOD = ("generator", "critic", "loss", "schedule")
TRAINING = ("steps", "batch_size", "seed", "ema")


def write_card(pack: Path, run: Path, step: int | None = None, *, title: str, data_source: str, license_name: str | None) -> Path:
    """Write ``README.md`` into a pack.

    Args:
        pack: holds the configuration, the environment and the weights already.
        run: the run directory, for its record.
        step: of the earlier checkpoint that the weights are of; None: the last.
        title: what the model is called.
        data_source: where the data comes from and its licence.
        license_name: of the weights; None: not stated.
    """
    config, facts, record = read_yaml(pack, CONFIG), read_json(pack, ENVIRONMENT), read_record(run)
    image, conditional = len(facts["data"]["fields"]["sample"]) == 3, bool(facts["data"]["classes"])
    data = " + ".join(component_names(config, "data"))
    settings = [("data", data), *((key, _with_parameters(config, key)) for key in METHOD)]
    settings += [(key, value) for key, value in flat(config.get("train")) if key in TRAINING and value != "null"]
    settings += flat(facts.get("runtime"))
    trained = f"{record.last_step:,} steps, {round(record.seconds):,} s ({record.outcome or 'open'})"
    earlier = step not in (None, record.last_step)
    settings.append(("trained for", f"{step:,} steps, an earlier checkpoint of {trained}" if earlier else trained))
    settings += [("changed on resuming", f"at step {at:,}: {text}") for at, text in record.changes]
    evaluations = {found.metric: found for found in record.evaluations if step in (None, found.step)}.values()
    header = ["library_name: ganzoo"]
    header += [f"license: {json.dumps(license_name)}"] if license_name else []
    header += ["pipeline_tag: unconditional-image-generation"] if image else []
    text = TEMPLATE.read_text(encoding="utf-8").format(
        header="\n".join(header),
        title=title,
        data=data,
        rows_are=", a row a class" if conditional and image else "",
        arrays="uint8 (N, C, H, W)" if image else "float32 (N, 2)",
        labels=", and `label`, the classes" if conditional else "",
        settings=_table(("part", "setting"), settings),
        command=f"The run was started as:\n\n```text\n{facts['command']}\n```\n\n" if facts.get("command") else "",
        measured=_measured(evaluations),
        data_source=data_source or "not stated",
        license=license_name or "not stated; ask whoever published them, and mind the licence of the data",
    )
    path = pack / "README.md"
    path.write_text(text, encoding="utf-8")
    return path


def _measured(evaluations: Iterable[Evaluation]) -> str:
    rows = [tuple(_cells(found)) for found in evaluations]
    if not rows:
        return "Nothing was measured of this generator.\n"
    table = _table(("metric", "numbers", "step", "depends on"), rows)
    return f"{table}\nNumbers are comparable only where all that they depend on is the same.\n"


def _cells(found: Evaluation) -> Iterator[str]:
    yield found.metric
    yield ", ".join(f"{key} {number_text(value)}" for key, value in found.numbers.items())
    yield f"{found.step:,}"
    yield ", ".join(f"{key} {value}" for key, value in flat(found.values.get("provenance")) if key)


def _with_parameters(config: dict[str, Any], key: str) -> str:
    """A component with its parameters in brackets, or several of them."""
    value = config.get(key)
    parts = value if isinstance(value, list) else [value]
    words = []
    for name, part in zip(component_names(config, key), parts, strict=False):
        parameters = ", ".join(f"{inner} {text}" for inner, text in flat(part) if inner != "name")
        words.append(f"{name} ({parameters})" if parameters else name)
    return "; ".join(words)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *([" ".join(str(cell).split()).replace("|", "\\|") for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
