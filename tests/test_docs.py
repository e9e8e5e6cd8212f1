"""What the pages show runs, and what they say of names, files and commands is true."""

import ast
import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import stability

DOCS = Path(__file__).parents[1] / "docs"
COURSE = (DOCS / "sources.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", COURSE, re.DOTALL | re.MULTILINE))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("page", "end", "needs"),
    [
        ("gan.md", None, ()),
        ("networks.md", "## PyTorch", ("flax", "optax")),
        ("probe.md", None, ()),
    ],
)
def test_the_blocks_of_a_page_run_from_top_to_bottom(page, end, needs, tmp_path, monkeypatch):
    for module in needs:
        pytest.importorskip(module)
    monkeypatch.chdir(tmp_path)
    text = (DOCS / page).read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text.partition(end)[0] if end else text, re.DOTALL)
    assert len(blocks) >= 2
    names = {}
    for block in blocks:
        exec(compile(block, page, "exec"), names)


def anchor(heading: str) -> str:
    """The anchor that a heading gets on a page (GitHub's rule)."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.slow
@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_of_the_course_runs(section, tmp_path, monkeypatch):
    """Its Python from top to bottom with the assertions in it, and every command it names."""
    (tmp_path / "examples").symlink_to(DOCS.parent / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    names = {}
    exec("import stability as st", names)
    for language, block in re.findall(r"```(python|sh)\n(.*?)```", SECTIONS[section], re.DOTALL):
        if language == "python":
            exec(compile(block, f"sources.md: {section}", "exec"), names)
            continue
        for line in block.replace("\\\n", " ").splitlines():
            program, *arguments = shlex.split(line, comments=True)
            assert program == "stability"
            command = [sys.executable, "-m", "stability_cli", *arguments]
            done = subprocess.run(command, capture_output=True, text=True, timeout=300)
            assert done.returncode == 0, done.stderr


def test_the_items_of_the_sources_lead_to_headings_that_show_them():
    headings = [anchor(h) for h in re.findall(r"^###? (.*)$", COURSE, re.MULTILINE)]
    links = re.findall(r"\]\(#([^)]*)\)", COURSE)
    assert len(links) > 40
    assert not set(links) - set(headings)
    assert len(headings) == len(set(headings))


def test_every_lesson_of_the_course_runs_something_and_checks_it():
    for section, text in SECTIONS.items():
        for lesson in re.split(r"^### ", text, flags=re.MULTILINE)[1:]:
            assert "```python" in lesson or "```sh" in lesson, (section, lesson.splitlines()[0])


def imported_names(init: Path) -> list[str]:
    """What an `__init__.py` re-exports, in its order."""
    statements = ast.parse(init.read_text(encoding="utf-8")).body
    imports = [s for s in statements if isinstance(s, ast.ImportFrom) and s.level]
    return [a.asname for statement in imports for a in statement.names if a.asname]


def test_every_public_name_is_described_once_in_the_api_pages():
    pages = {page: page.read_text(encoding="utf-8") for page in (DOCS / "api").glob("*.md")}
    described = [name for text in pages.values() for name in re.findall(r"^::: (.*)$", text, re.M)]
    package = Path(stability.__file__).parent
    namespaces = ("games", "networks", "plots", "divergences")
    top = [name for name in stability.__all__ if name not in namespaces]
    expected = [f"stability.{name}" for name in top]
    known = {id(getattr(stability, name)) for name in top}
    for space in namespaces:
        for name in imported_names(package / space / "__init__.py"):
            value = getattr(getattr(stability, space), name)
            if callable(value) and id(value) not in known:
                expected.append(f"stability.{space}.{name}")
    families = imported_names(package / "games" / "families" / "__init__.py")
    expected += [f"stability.games.families.{name}" for name in families]
    assert sorted(described) == sorted(expected)


def test_the_page_of_the_commands_is_their_own_help():
    page = runpy.run_path(str(DOCS / "write_commands.py"))["page"]()
    written = (DOCS / "commands.md").read_text(encoding="utf-8")
    assert written.split() == page.split(), "run python docs/write_commands.py"


def test_files_that_the_pages_name_exist():
    top = DOCS.parent
    pages = [*DOCS.rglob("*.md"), top / "README.md", top / "CONTRIBUTING.md"]
    named = {
        (page.name, path)
        for page in pages
        for path in re.findall(
            r"(?<![\w./-])(?:stability|cli|tests|examples|benchmarks|notebooks|docs)/[\w./-]+",
            page.read_text(encoding="utf-8"),
        )
        if "NAME" not in path
    }
    assert len(named) > 50
    missing = {(page, path) for page, path in named if not (top / path.rstrip(".")).exists()}
    assert not missing
