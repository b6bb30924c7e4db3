"""A small plugin to be checked: as a wheel, with faults where wanted, and as the folder of a project."""

import zipfile

from ganzoo.cli import invoke

DOOR = """\
from ganzoo import hookimpl
GANZOO_API = 1

@hookimpl
def ganzoo_schedules():
    return {"tower": "ganzoo_tower.parts:Tower"}
"""
PARTS = '''\
from ganzoo import DataSpec, Plan, PositiveInt, Schedule


class Tower(Schedule):
    """Some critic updates a step.

    Args:
        critic_updates: how many.
    """

    paper = "nobody, 2026"

    def __init__(self, data: DataSpec, *, critic_updates: PositiveInt = 1) -> None:
        self.critic_updates = critic_updates

    def plan(self, step: int, total: int) -> Plan:
        return Plan(critic_updates=self.critic_updates)
'''
CORE = ("ganzoo-core>=0.1,<0.2",)
UNFIT = "data: digits\ngenerator: dcgan\ncritic: dcgan\nloss: [non_saturating, gradient_penalty]\n"
"""A recipe whose critic mixes the batch under a penalty."""


def make_wheel(
    folder,
    *,
    entry_point=DOOR,
    parts=PARTS,
    entry="tower = ganzoo_tower",
    group="ganzoo",
    requires=CORE,
    more=(),
    python=">=3.11",
    readme="",
):
    """A wheel of one schedule, as a build backend would write it."""
    path = folder / "ganzoo_tower-1.0-py3-none-any.whl"
    lines = ["Metadata-Version: 2.4", "Name: ganzoo-tower", "Version: 1.0", f"Requires-Python: {python}"]
    files = {
        "ganzoo_tower/__init__.py": entry_point,
        "ganzoo_tower/parts.py": parts,
        **dict(more),
        "ganzoo_tower-1.0.dist-info/METADATA": "\n".join([*lines, *(f"Requires-Dist: {text}" for text in requires), "", readme]),
        "ganzoo_tower-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "ganzoo_tower-1.0.dist-info/entry_points.txt": f"[{group}]\n{entry}\n",
    }
    record = "ganzoo_tower-1.0.dist-info/RECORD"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in (files | {record: "".join(f"{name},,\n" for name in [*files, record])}).items():
            archive.writestr(name, text)
    return path


def project(folder, name="ganzoo-tower"):
    """The folder of a project that builds such a wheel."""
    (folder / "ganzoo_tower").mkdir(parents=True)
    (folder / "ganzoo_tower/__init__.py").write_text(DOOR)
    (folder / "ganzoo_tower/parts.py").write_text(PARTS)
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n\n'
        f'[project]\nname = "{name}"\nversion = "1.0"\ndependencies = ["ganzoo-core>=0.1,<0.2"]\n\n'
        '[project.entry-points.ganzoo]\ntower = "ganzoo_tower"\n\n[tool.hatch.build.targets.wheel]\npackages = ["ganzoo_tower"]\n'
    )
    return folder


def refusal(command, capsys):
    """The one line with which a command fails."""
    assert invoke(command) == 2
    err = capsys.readouterr().err
    assert "Traceback" not in err
    return err.splitlines()[-1]
