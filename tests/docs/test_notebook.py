"""The page of Python is a notebook: its blocks run as cells, in a Jupyter kernel, which shows a bar."""

import pytest
from documents import ROOT, blocks

nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")
nbformat = pytest.importorskip("nbformat")
IN_A_THREAD = """
import threading

thread = threading.Thread(target=ganzoo.train, args=(config,), kwargs={"out": "runs/thread", "overrides": ["train.steps=20"]})
thread.start()
thread.join()
"""


def test_the_page_of_python_runs_in_a_notebook_and_a_thread_of_it(tmp_path):
    code = [block.text for block in blocks((ROOT / "docs/how-to/python.md").read_text()) if block.language == "python"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in (*code, IN_A_THREAD)])
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": tmp_path}}).execute()
    shown = [[output for output in cell.outputs if "data" in output] for cell in notebook.cells]
    for bars in (shown[0], shown[-1]):
        assert '<progress value="20" max="20"></progress> training  20/20  100%' in bars[-1]["data"]["text/html"]
        assert "generator" in bars[-1]["data"]["text/plain"]
    said = [output.text for output in notebook.cells[len(code) - 1].outputs if output.output_type == "stream"]
    assert "did you mean 'non_saturating'" in said[-1]
    assert (tmp_path / "runs/thread/weights/generator.safetensors").is_file()
