"""A Sphinx math renderer: LaTeX to MathML while the page is built, so that equations need neither a script nor a network."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

logger = logging.getLogger(__name__)
NOT_UNDERSTOOD = re.compile(r"<m[io]>(\\[^<]*|&)</m[io]>|\\[a-zA-Z]+")
"""What the converter leaves of LaTeX that it does not know."""


def mathml(node: nodes.math | nodes.math_block, display: str) -> str:
    """The equation of ``node``; what cannot be converted is a warning, so that a build with ``-W`` fails on it."""
    latex = node.astext()
    try:
        made = convert(latex, display=display)
    except Exception as error:  # the converter has an exception for each mistake
        logger.warning("cannot convert the equation %r: %s", latex, type(error).__name__, location=node)
        return f"<code>{latex}</code>"
    if left := NOT_UNDERSTOOD.search(made):
        logger.warning("the equation %r holds LaTeX that cannot be converted: %s", latex, left[0], location=node)
    # A function is set off from an argument without brackets; norms are written with bars that browsers would stretch.
    made = re.sub(r"(<m[io]>(?:log|Tr)</m[io]>)(?=<m(?:i|n|row|sup|sub)>)", r'\1<mspace width="0.167em" />', made)
    return made.replace("<mo>&#x02016;</mo>", '<mo stretchy="false">&#x02016;</mo>')


def inline(translator: HTML5Translator, node: nodes.math) -> None:
    """An equation within a line."""
    translator.body.append(mathml(node, "inline"))
    raise nodes.SkipNode


def display(translator: HTML5Translator, node: nodes.math_block) -> None:
    """An equation of its own, with its number where it has one."""
    translator.body.append(translator.starttag(node, "div", CLASS="math"))
    translator.body.append(f'<div class="equation">{mathml(node, "block")}</div>')
    if node["number"]:
        number = get_node_equation_number(translator, node)
        translator.body.append(f'<span class="eqno">({number})')
        translator.add_permalink_ref(node, "Link to this equation")
        translator.body.append("</span>")
    translator.body.append("</div>\n")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer as ``html_math_renderer = "mathml"``."""
    app.add_html_math_renderer("mathml", (inline, None), (display, None))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
