"""What people wrote in this repository."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = {".py", ".md", ".yaml", ".toml", ".j2", ".css", ".js", ".json", ".cff", ""}


def written():
    """Everything in the repository that people wrote."""
    tops = [path for path in ROOT.iterdir() if path.name in {"ganzoo", "plugins", "tests", "tools", "docs", "zoo_configs", ".ci"}]
    inside = (path for top in tops for path in top.rglob("*") if "__pycache__" not in path.parts)
    return [path for path in [*inside, *ROOT.iterdir()] if path.is_file() and path.suffix in TEXT]
