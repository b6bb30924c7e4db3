"""A model card: what a pack's reader should know, as Markdown in ``README.md``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ganzoo.report.changes import component_names, flat, read_yaml
from ganzoo.report.charts import number_text
from ganzoo.rundir.record import Evaluation, as_number, read_json, read_record

METHOD = ("generator", "critic", "loss", "schedule")
TRAINING = ("steps", "batch_size", "seed", "ema")


def write_card(pack: Path, run: Path, *, title: str, data_source: str, license_name: str | None) -> Path:
    """Write ``README.md`` into a pack.

    Args:
        pack: holds the configuration, the environment and the weights already.
        run: the run directory, for its record.
        title: what the model is called.
        data_source: where the data comes from and its licence.
        license_name: of the weights; None: not stated.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["cell"] = _cell
    config, facts, record = read_yaml(pack, "config.yaml"), read_json(pack, "env.json"), read_record(run)
    text = environment.get_template("card.md.j2").render(
        title=title,
        license=license_name,
        data=" + ".join(component_names(config, "data")),
        data_source=data_source,
        image=len(facts["data"]["fields"]["sample"]) == 3,
        conditional=bool(facts["data"]["classes"]),
        method=[(key, _with_parameters(config, key)) for key in METHOD],
        training=[(key, value) for key, value in flat(config.get("train")) if key in TRAINING and value != "null"],
        runtime=flat(facts.get("runtime")),
        step=record.last_step,
        outcome=record.outcome or "open",
        seconds=round(record.seconds),
        command=facts.get("command", ""),
        evaluations=[_evaluation(e) for e in {e.metric: e for e in record.evaluations}.values()],
    )
    path = pack / "README.md"
    path.write_text(text, encoding="utf-8")
    return path


def _with_parameters(config: dict[str, Any], key: str) -> str:
    """A component with its parameters in brackets, or several of them."""
    value = config.get(key)
    parts = value if isinstance(value, list) else [value]
    words = []
    for name, part in zip(component_names(config, key), parts, strict=False):
        parameters = ", ".join(f"{inner} {text}" for inner, text in flat(part) if inner != "name")
        words.append(f"{name} ({parameters})" if parameters else name)
    return "; ".join(words)


def _evaluation(evaluation: Evaluation) -> dict[str, str]:
    numbers = {key: number for key, value in evaluation.values.items() if (number := as_number(value)) is not None}
    provenance = evaluation.values.get("provenance")
    return {
        "metric": evaluation.metric,
        "step": f"{evaluation.step:,}",
        "numbers": ", ".join(f"{key} {number_text(value)}" for key, value in numbers.items()),
        "provenance": ", ".join(f"{key} {value}" for key, value in flat(provenance) if key),
    }


def _cell(text: str) -> str:
    """Text as it may stand in a cell of a Markdown table."""
    return " ".join(str(text).split()).replace("|", "\\|")
