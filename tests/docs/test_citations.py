"""Papers are cited as they were looked up: one year for each, and numbers of equations and sections that somebody has seen there."""

import re
from collections import defaultdict

import pytest
from written import ROOT, written

KINDS = "equation|theorem|proposition|corollary|lemma|algorithm|section|figure|table|example|appendix"
PLACE = re.compile(rf"\b(?i:({KINDS}))s? ([1-9]\d*(?:\.\d+)*[a-z]?|[A-F])\b")
LOOKED_UP = {
    "Abadi": {"section 9.1": "TensorBoard"},
    "Arjovsky": {
        "equation 1": "the earth mover's distance",
        "equation 2": "its dual",
        "example 1": "parallel lines",
        "theorem 3": "the gradient of the distance",
        "algorithm 1": "WGAN: RMSProp, then clipping",
    },
    "Goodfellow": {
        "equation 1": "the minimax value",
        "equation 2": "the best critic",
        "equation 6": "-log 4 + 2 JSD",
        "proposition 1": "the best critic",
        "algorithm 1": "critic steps, then a generator step",
        "section 3": "adversarial nets, with the non-saturating loss",
    },
    "Gretton": {"lemma 6": "the unbiased estimate of MMD^2"},
    "Gulrajani": {
        "equation 3": "the penalised objective",
        "proposition 1": "the best critic's gradient between coupled points",
        "corollary 1": "norm 1 almost everywhere",
        "algorithm 1": "Adam with beta1 0",
        "figure 1b": "gradient norms by layer; weights",
        "section 3": "difficulties with weight constraints",
        "section 3.2": "exploding and vanishing gradients, on the Swiss roll",
        "section 4": "the penalty, and no batch norm in the critic",
    },
    "Heusel": {"equation 6": "the Frechet distance of two normals"},
    "Karras": {"section 3.1": "lazy regularization (StyleGAN2)"},
    "Mescheder": {"equation 9": "R1", "theorem 4.1": "local convergence"},
    "Radford": {"figure 1": "the generator for 64 x 64 pixels", "section 3": "the guidelines"},
}
"""First author to what was found where, in the paper's text or in what others quote of it. Only such numbers may be cited: a wrong
number is worse than none, and the paper with the formula can be checked without one."""


def citing():
    """(path, text as one line, without the marks of comments) of everything written that names a paper, this file left out."""
    for path in written():
        name = str(path.relative_to(ROOT))
        if path.suffix in {".py", ".md", ".yaml", ".j2"} and name != "tests/docs/test_citations.py":
            text = re.sub(r"\s*\n[\s#]*", " ", path.read_text())
            if any(word in text for word in ("arXiv:", "et al", *LOOKED_UP)):
                yield name, text


def years_of(texts):
    """arXiv number to the years that it is cited with."""
    years = defaultdict(set)
    for text in texts:
        for year, paper in re.findall(r"\b((?:19|20)\d{2}),? [\[(]?arXiv:(\d{4}\.\d{4,5})", text):
            years[paper].add(int(year))
    return years


def unseen(text):
    """Numbered places that were looked up in the paper of no author whom ``text`` names."""
    known = {place for author, places in LOOKED_UP.items() if author in text for place in places}
    return sorted({f"{kind.lower()} {number}" for kind, number in PLACE.findall(text)} - known)


def test_a_paper_has_one_year_and_it_is_no_earlier_than_its_number():
    years = years_of(text for _, text in citing())
    assert len(years) > 20
    assert {paper: sorted(found) for paper, found in years.items() if len(found) > 1} == {}
    assert {paper: found for paper, found in years.items() if not 0 <= min(found) - 2000 - int(paper[:2]) <= 2} == {}


def test_a_numbered_place_of_a_paper_was_looked_up():
    assert {name: places for name, text in citing() if (places := unseen(text))} == {}


def test_the_numbers_in_brackets_are_equations_that_were_looked_up():
    text = (ROOT / "docs" / "explanation" / "losses.md").read_text()
    numbers = re.findall(r"\[(\d+)\](?!\()", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    assert {"1", "2", "3", "6", "9"} == set(numbers)


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("Mao et al., 2017, equation 5", ["equation 5"]),
        ("Heusel et al., equation 6 and Section 3.2", ["section 3.2"]),
        ("Karras et al., 2018, appendix A", ["appendix A"]),
        ("for example 0.9", []),
    ],
)
def test_a_place_that_nobody_saw_is_found(text, places):
    assert unseen(text) == places


def test_two_years_of_one_paper_are_found():
    assert years_of(["Radford et al., 2015, arXiv:1511.06434", "(Radford et al., 2016, arXiv:1511.06434)"]) == {"1511.06434": {2015, 2016}}
