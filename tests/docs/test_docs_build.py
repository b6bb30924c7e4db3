"""The documentation builds without a warning, and what comes out can be read without a network."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
BUILD = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--nitpicky", "--quiet", "--builder", "html"]


@pytest.fixture(scope="module")
def html(tmp_path_factory):
    """The built pages."""
    folder = tmp_path_factory.mktemp("html")
    done = subprocess.run([*BUILD, DOCS, folder], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def pages(html):
    return {str(path.relative_to(html)): path.read_text(encoding="utf-8") for path in html.rglob("*.html")}


def test_every_page_is_built_and_reached_from_the_first(html):
    built = pages(html)
    wanted = {str(path.relative_to(DOCS).with_suffix(".html")) for path in DOCS.rglob("*.md") if "_static" not in path.parts}
    assert built.keys() >= wanted
    reached = set(re.findall(r'class="reference internal" href="([^"#]+)', built["index.html"]))
    assert wanted - reached == {"index.html"}


def test_pages_load_nothing_from_elsewhere(html):
    """Links may lead out; scripts, styles, fonts and pictures lie beside the page."""
    for name, page in pages(html).items():
        loaded = re.findall(r'<(?:script|img|iframe|source)[^>]* src="([^"]+)"|<link[^>]* rel="stylesheet"[^>]* href="([^"]+)"', page)
        assert loaded, name
        for target in filter(None, (target for pair in loaded for target in pair)):
            assert "//" not in target, f"{name}: {target}"
            assert ((html / name).parent / target.partition("?")[0]).resolve().exists(), f"{name}: {target}"
    styles = "".join(path.read_text(encoding="utf-8") for path in html.rglob("*.css"))
    assert [url for url in re.findall(r"url\(([^)]*)\)", styles) if "//" in url and "www.w3.org" not in url] == []


def test_equations_are_mathml(html):
    text = "".join(pages(html).values())
    assert text.count("<math ") > 20
    assert "MathJax" not in text


WRONG = [r"\left[ x", r"\undefined{x}", r"\begin{aligned} a &= b \end{aligned}"]


def test_equations_that_cannot_be_shown_fail_the_build(tmp_path):
    for name in ("conf.py", "_extensions", "_static"):
        (tmp_path / name).symlink_to(DOCS / name)
    for name, latex in {"index": "x", **{f"wrong{i}": latex for i, latex in enumerate(WRONG)}}.items():
        (tmp_path / f"{name}.md").write_text(f"# Equation\n\n$$\n{latex}\n$$\n", encoding="utf-8")
    done = subprocess.run([*BUILD, tmp_path, tmp_path / "html"], capture_output=True, text=True)
    assert done.returncode != 0
    said = [line for line in done.stderr.splitlines() if "converted" in line or "cannot convert" in line]
    assert [sum(f"wrong{i}.md" in line for line in said) for i in range(len(WRONG))] == [1] * len(WRONG)
    assert len(said) == len(WRONG)
