"""A folder of installed distributions that nobody installed."""

import importlib.metadata

from ganzoo.registry import Registry

PARTS = "class Hinge:\n    'A loss.'\n    def __init__(self, data): ...\n\nnot_a_class = 3\n"


class Site:
    """A folder of installed distributions, as pip leaves them."""

    def __init__(self, path, monkeypatch):
        self.path = path
        monkeypatch.syspath_prepend(str(path))
        self.modules = []

    def install(self, distribution, source, version="1.0", parts=PARTS):
        """Install a distribution whose entry point is a module of that ``source``."""
        module = distribution.replace("-", "_")
        self.modules += [module, f"{module}_parts"]
        (self.path / f"{module}.py").write_text(source.replace("%s", module))
        (self.path / f"{module}_parts.py").write_text(parts)
        info = self.path / f"{module}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(f"[ganzoo]\n{module} = {module}\n")
        return self

    def registry(self, others=()):
        found = [
            entry
            for distribution in importlib.metadata.distributions(path=[str(self.path)])
            for entry in distribution.entry_points
            if entry.group == "ganzoo"
        ]
        return Registry([*others, *found])
