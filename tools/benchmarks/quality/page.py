"""The results as tables, on the terminal and in ``docs/quality.md``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from .benchmarks import BENCHMARKS, CPU_SECONDS, Bar
from .trainings import Result

Results = Mapping[str, Mapping[int, Result]]
"""Recipe to seed to result."""


def missed(results: Results) -> list[str]:
    """The bars that the medians do not meet, each as one line."""
    return [
        f"{recipe}: {name_of(bar.number)} is {shown(bar.number, value)}, wanted {bound_of(bar)}"
        for recipe, bar, value in medians(results)
        if not bar.met(value)
    ]


def medians(results: Results) -> Iterator[tuple[str, Bar, float]]:
    """Recipe, bar and median over the seeds, in the order of ``BENCHMARKS``."""
    for recipe, benchmark in BENCHMARKS.items():
        for bar in benchmark.bars if recipe in results else ():
            yield recipe, bar, median(result.numbers[bar.number] for result in results[recipe].values())


def tables(results: Results, command: str, machine: str) -> str:
    """What the page says of the results: where they come from, the medians against the bars, every seed."""
    every = [result for seeds in results.values() for result in seeds.values()]
    days, commits = sorted({r.day for r in every}), sorted({r.commit for r in every if r.commit})
    cpu_minutes = sum(r.numbers[CPU_SECONDS] for r in every) / 60
    loads = [r.load for r in every]
    facts = [
        f"Command: `{command}`",
        f"Date: {' to '.join([days[0], days[-1]] if len(days) > 1 else days)}" + (f"; code: {', '.join(commits)}" if commits else ""),
        f"Machine: {machine}",
        f"Cost: {len(every)} trainings, {cpu_minutes:.0f} CPU minutes, one thread each. On average {sum(loads) / len(loads):.1f} processes "
        f"wanted a core (from {min(loads):.1f} to {max(loads):.1f})",
    ]
    return "\n".join(
        [
            *(f"- {fact}" for fact in facts),
            "",
            *median_table(results),
            "",
            *seed_tables(results),
            *(f"- {line}" for line in provenance(every)),
        ]
    )


def median_table(results: Results) -> list[str]:
    """One row for each bar."""
    rows = [
        (
            f"`{recipe}`",
            name_of(bar.number),
            f"**{shown(bar.number, value)}**",
            bound_of(bar),
            "met" if bar.met(value) else "**missed**",
            bar.studied or "-",
            BENCHMARKS[recipe].published or "-" if bar is BENCHMARKS[recipe].bars[0] else "",
        )
        for recipe, bar, value in medians(results)
    ]
    return table(("Recipe", "Number", "Median", "Bar", "Verdict", "Study", "Published for this data"), rows)


def seed_tables(results: Results) -> Iterator[str]:
    """For each set of numbers that recipes share, one table with a row for each training."""
    groups: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
    for recipe in (name for name in BENCHMARKS if name in results):
        for seed, result in sorted(results[recipe].items()):
            row = (f"`{recipe}`", str(seed), *(shown(*item) for item in result.numbers.items()), f"{result.wall_seconds:.0f}")
            groups.setdefault(tuple(result.numbers), []).append(row)
    for numbers, rows in groups.items():
        yield from table(("Recipe", "Seed", *(heading_of(number) for number in numbers), "Seconds by the clock"), rows)
        yield ""


def provenance(results: Sequence[Result]) -> list[str]:
    """What the metrics say of their numbers, once for each way of measuring."""
    return sorted({", ".join(f"{name} {value}" for name, value in result.provenance.items()) for result in results})


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A Markdown table."""
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]


SHARES = {"high_quality", "conditional_accuracy", "l1_share", "sharpness", "first_sharpness", "of_constant", "of_source", "of_first"}
SHARES |= {"right", "shape", "colour", "size", "place"}
SHARES |= {"recognised", "class", "thickness", "kept_class", "kept_thickness", "of_random", "of_random_class"}
"""Numbers that are read in percent."""


def name_of(number: str) -> str:
    """A number's name in words."""
    if number.startswith("swd_"):
        return f"at {number.removeprefix('swd_')} pixels"
    names = {"classifier_fid": "classifier-FID", "class_kl": "class KL, nats", "kl": "KL, nats", CPU_SECONDS: "CPU seconds"}
    names |= {
        "of_constant": "L1 relative to constant",
        "of_source": "L1 relative to source",
        "l1": "L1",
        "of_random": "L1 relative to random pairs where the thickness was to change",
        "of_random_class": "L1 where the class changed",
        "right": "shape and colour right",
        "l1_share": "L1 in the hole over that of the mean",
        "first_gain": "gain after the first phase, dB",
        "first_sharpness": "sharpness after the first phase",
        "lost": "dB lost in the second phase",
        "first_swd": "the same of the first stage",
        "of_first": "sliced Wasserstein distance over the first stage's",
    }
    return (names | {"swd": "sliced Wasserstein distance"}).get(number, number.replace("_", " "))


def heading_of(number: str) -> str:
    """A number's name as a column's head."""
    name = name_of(number)
    return name if number == "classifier_fid" else name[0].upper() + name[1:]


def shown(number: str, value: float) -> str:
    """A value as its number is read: shares in percent, counts whole."""
    if number in SHARES:
        return f"{value:.1%}"
    if number == "class_kl":
        return f"{value:.4f}"
    if number in ("kl", "l1", "first_swd") or number.startswith("swd"):
        return f"{value:.3f}"
    if number in ("psnr", "gain", "first_gain", "lost"):
        return f"{value:.2f}"
    return f"{value:.1f}" if number == "classifier_fid" else f"{value:.0f}"


def bound_of(bar: Bar) -> str:
    """A bar in words."""
    return f"{'at least' if bar.at_least else 'at most'} {shown(bar.number, bar.bound)}"
