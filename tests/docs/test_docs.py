"""Everything that README and docs show is done here, from top to bottom: they cannot say what does not work.

Trainings are made short by the tables in ``tests/helpers/documents.py``; ``tools/test -m slow tests/docs/test_docs.py`` does them whole.
"""

import importlib.util
import re
import shlex

import pytest

pytest.register_assert_rewrite("documents")
from documents import ELSEWHERE, ROOT, Reader, parse  # noqa: E402
from fenced import blocks  # noqa: E402

DOCS = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md") if "_build" not in path.parts)
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", *DOCS]
SHOWING = [name for name in DOCUMENTS if "```" in (ROOT / name).read_text(encoding="utf-8") and not name.startswith("docs/plugins/")]
"""Documents with blocks to execute. Those of plugins are executed by the plugins' own tests."""
NEEDS = {"a GPU", "a network", "a cluster", "a display", "a shell of yours"}
"""What a block may need that a test has not."""
MOST_NOT_EXECUTED = 12


def read(document):
    return (ROOT / document).read_text(encoding="utf-8")


def prose(document):
    """The text without its blocks."""
    return re.sub(r"```.*?```", "", read(document), flags=re.DOTALL)


@pytest.fixture(scope="session")
def write_docs():
    spec = importlib.util.spec_from_file_location("write_docs", ROOT / "tools" / "write_docs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("document", DOCUMENTS)
def test_generated_parts_are_what_the_code_says(document, write_docs):
    text = read(document)
    assert ("written by tools/write_docs.py -->" in text) == (document in write_docs.DOCUMENTS)
    assert write_docs.rewritten(text) == text, "run tools/write_docs.py"


def test_pages_and_lists_that_nobody_writes_by_hand_are_what_the_code_says(write_docs):
    wanted = write_docs.whole_pages()
    pages = {str(path.relative_to(ROOT)) for path in (ROOT / "docs" / "plugins").glob("*.md")}
    assert pages <= wanted.keys()
    assert {name: read(name) for name in wanted} == wanted, "run tools/write_docs.py"


def test_a_new_distribution_gets_into_every_list(write_docs, tmp_path):
    for name in write_docs.distributions.lists():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(read(name), encoding="utf-8")
    (tmp_path / "plugins/ganzoo-tower").mkdir()
    (tmp_path / "plugins/ganzoo-tower/pyproject.toml").write_text('[project.entry-points.ganzoo]\ntower = "ganzoo_tower"\n')
    lists = write_docs.distributions.lists(tmp_path)
    assert [text.count("tower") for text in lists.values()] == [4, 1, 1]
    assert "ganzoo_dcgan" not in lists["pyproject.toml"]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_relative_links_lead_somewhere(document):
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", prose(document)):
        if "://" not in target:
            assert ((ROOT / document).parent / target).exists(), target


@pytest.mark.parametrize("document", DOCUMENTS)
def test_headings_that_are_linked_exist(document):
    for target, anchor in re.findall(r"\]\(([^)#\s]*)#([^)]+)\)", read(document)):
        if "://" not in target:
            linked = ((ROOT / document).parent / target) if target else ROOT / document
            headings = re.findall(r"^#+ (.+)$", linked.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", [*DOCUMENTS, *(str(path.relative_to(ROOT)) for path in ROOT.glob("plugins/*/README.md"))])
def test_nobody_is_sent_to_the_other_ganzoo(document):
    """The index's ``ganzoo`` is somebody else's project."""
    assert not re.search(r"(pip|pipx|uv)[^\n]* (install|add) [^\n]*(?<![\w/-])ganzoo(?![\w-])", read(document))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands_in_the_text_exist(document):
    for span in re.findall(r"`ganzoo ([a-z][^`]*)`", prose(document)):
        parse(shlex.split(span.partition(" > ")[0]), complete=False)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_no_command_hides_where_nothing_is_executed(document):
    """In an indented block, or in one of text; usage lines and messages are no commands."""
    start = r"(?:\$ )?(?:ganzoo (?!.*\[OPTIONS\])|pip |python |\.?/?tools/|torchrun |pytest |import |from )"
    hidden = re.findall(rf"\n\n    ({start}.*)", prose(document))
    for block in blocks(read(document)):
        if block.language == "text" and document != "docs/reference/commands.md":
            hidden += re.findall(rf"^{start}.*", block.text, re.MULTILINE)
    assert hidden == []


@pytest.fixture
def reader(tmp_path, tmp_path_factory, monkeypatch, capsys):
    """Makes a reader of a document, in an empty folder with the recipes; what the readers before had decoded or measured is known."""
    cache = tmp_path_factory.getbasetemp() / "documents"

    def make(document, whole=False):
        monkeypatch.setenv("GANZOO_CACHE", str(cache))
        monkeypatch.syspath_prepend(tmp_path)  # as for a script in it
        monkeypatch.chdir(tmp_path)
        (tmp_path / "zoo_configs").symlink_to(ROOT / "zoo_configs")
        return Reader(document, tmp_path, monkeypatch, capsys, whole)

    return make


@pytest.mark.parametrize("document", [name for name in SHOWING if name != "docs/how-to/python.md"])  # a notebook: test_notebook.py
def test_what_it_shows_works(document, reader):
    reader(document).read()


@pytest.mark.slow
@pytest.mark.parametrize("document", [name for name in SHOWING if "ganzoo run" in read(name)])
def test_what_it_shows_works_as_it_stands(document, reader):
    reader(document, whole=True).read()


def test_what_is_not_executed_is_little_and_says_why():
    skipped = [(document, block) for document in SHOWING for block in blocks(read(document)) if block.reason]
    listed = [f"{document}:{block.line}: {block.reason}: {block.text.splitlines()[0]}" for document, block in skipped]
    print(*listed, sep="\n")
    assert {block.reason for _, block in skipped} <= NEEDS, listed
    assert len(skipped) <= MOST_NOT_EXECUTED, listed
    # A marker that is not right over its block would be no marker.
    assert len(skipped) == sum(len(re.findall("^<!-- not executed", read(document), re.MULTILINE)) for document in DOCUMENTS)


def test_what_is_executed_elsewhere_is():
    for tool, where in ELSEWHERE.items():
        named = re.match(r"[\w/.-]+", where)[0]
        assert (ROOT / named).exists(), f"{tool}: {where}"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("```sh\nganzoo train x.yaml\n```\n", "no command 'ganzoo train'"),
        ("```sh\nganzoo list --knid loss\n```\n", "--knid"),
        ("```sh\nmake everything\n```\n", "nothing executes 'make'"),
        ("```sh\ntools/unknown\n```\n", "nothing executes 'tools/unknown'"),
        ("```sh\ntorchrun -m ganzoo train\n```\n", "no command 'ganzoo train'"),
        ("```console\n$ ganzoo list --kind schedule\nnothing\n```\n", "ganzoo list --kind schedule"),
        ("```python\nfrom ganzoo import Generatr\n```\n", "Generatr"),
        ("```yaml\ndata: digits\ngenerator: dcgan\ncritic: dcgan\nloss: [wasserstein, gradient_penalty]\n```\n", "batch norm"),
        ("```yaml\ndata: digits\ngenerator: dcgan\ncritic: dcgan\nloss: hinges\n```\n", "hinges"),
        ("```ruby\n```\n", "nothing checks ruby"),
    ],
)
def test_a_wrong_document_is_found_out(text, fault, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wrong.md").write_text(text)
    with pytest.raises(AssertionError, match=re.escape(fault)):
        Reader(str(tmp_path / "wrong.md"), tmp_path, monkeypatch, capsys).read()
