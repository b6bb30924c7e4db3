"""How Sphinx builds this folder. ``tools/build_docs`` writes ``docs/_build/html``, which needs no network to be read."""

import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "_extensions"))

project = "ganzoo"
author = "The ganzoo developers"
copyright = author
release = tomllib.loads((HERE.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
version = release

extensions = ["myst_parser", "sphinx_design", "sphinx_copybutton", "mathml"]
exclude_patterns = ["_build", "_static"]
nitpicky = True
myst_enable_extensions = ["amsmath", "attrs_block", "attrs_inline", "colon_fence", "dollarmath"]
myst_heading_anchors = 4

# MathML is part of every browser: no script, nothing to fetch, and a screen reader can read it.
html_math_renderer = "mathml"
html_theme = "furo"
html_title = f"ganzoo {release}"
html_static_path = ["_static"]
html_css_files = ["ganzoo.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True}
pygments_style = "friendly"
pygments_dark_style = "monokai"

# The copy button takes commands without their prompt, and without what they print.
copybutton_prompt_text = r"\$ "
copybutton_prompt_is_regexp = True
