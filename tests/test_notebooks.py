"""The notebooks run from a clean kernel, and are committed as they run."""

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
# at most 600 seconds for one cell; the slowest takes about 20 on an idle core
EXECUTE = """
import sys, nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], as_version=4)
resources = {"metadata": {"path": sys.argv[2]}}
NotebookClient(
    notebook, timeout=600, kernel_name="python3", resources=resources, coalesce_streams=True
).execute()
nbformat.write(notebook, sys.argv[1])
"""
LARGEST = 1_500_000  # bytes
# a path from the root of a disk, of two parts or more, not part of a longer word, fraction or address
ABSOLUTE = re.compile(r"(?<![\w.)}/])/[\w.+-]+/[\w.+-]|file://|site-packages|[A-Z]:\\\\")

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def complaints(notebook: nbformat.NotebookNode) -> list[str]:
    """Errors, and what was written to stderr (warnings among it), in the outputs."""
    outputs = [output for cell in code_cells(notebook) for output in cell.outputs]
    errors = [f"{o.ename}: {o.evalue}" for o in outputs if o.output_type == "error"]
    return errors + [o.text for o in outputs if o.output_type == "stream" and o.name == "stderr"]


def kinds(notebook: nbformat.NotebookNode) -> list[list[str]]:
    """What each code cell shows: the names of its streams and the forms of its displays."""
    return [
        sorted({o.name} if o.output_type == "stream" else set(o.data) for o in cell.outputs)
        for cell in code_cells(notebook)
    ]


def test_there_are_notebooks():
    assert NOTEBOOKS


@every_notebook
def test_notebook_is_committed_as_executed(path):
    notebook = read(path)
    nbformat.validate(notebook)
    cells = code_cells(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert any(cell.outputs for cell in cells)
    assert not complaints(notebook)


@every_notebook
def test_notebook_is_small_and_names_no_machine(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.encode()) < LARGEST
    text = re.sub(r'"image/png": "[^"]*"', "", text)  # any letters can come up in a picture's code
    found = ABSOLUTE.search(text)
    assert found is None, found


@every_notebook
def test_notebook_holds_no_times_of_its_run(path):
    notebook = read(path)
    assert not any(cell.metadata for cell in notebook.cells)
    assert set(notebook.metadata) <= {"kernelspec", "language_info"}


@pytest.mark.slow  # a minute and more in all
@every_notebook
def test_notebook_runs_from_a_clean_kernel(path, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    committed, notebook = read(path), read(path)
    for cell in code_cells(notebook):
        cell.outputs, cell.execution_count = [], None
    executed = tmp_path / path.name
    nbformat.write(notebook, executed)
    # in a process of its own, because what the client leaves behind warns in whatever test comes next
    subprocess.run([sys.executable, "-c", EXECUTE, executed, path.parent], check=True)
    notebook = read(executed)
    assert not complaints(notebook)
    assert kinds(notebook) == kinds(committed)
