"""From the sdist alone, tests that train what plugins give are left out."""

import importlib.util

if importlib.util.find_spec("ganzoo_acgan") is None:
    collect_ignore = [f"test_{name}.py" for name in ("compare", "export", "interpolate", "neighbours", "pack", "pack_elsewhere")]
