"""What the pages show runs, and what they say of names, files and commands is true."""

import ast
import os
import re
import runpy
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import stability
from tests.run_page import blocks, installs, runs

TOP = Path(__file__).parents[1]
DOCS = TOP / "docs"
README = (TOP / "README.md").read_text(encoding="utf-8")
COURSE = (DOCS / "sources.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", COURSE, re.DOTALL | re.MULTILINE))


PAGES = sorted(
    str(page.relative_to(TOP))
    for page in [TOP / "README.md", *DOCS.rglob("*.md")]
    if page != DOCS / "sources.md" and any(runs(block) for block in blocks(page.read_text("utf-8")))
)
NEEDS = {"docs/networks.md": ("flax", "optax"), "README.md": ("sklearn",)}


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_a_page_runs_from_top_to_bottom(page, tmp_path):
    for module in NEEDS.get(page, ()):
        pytest.importorskip(module)
    if page != "README.md":  # the other pages go on with its game
        (game,) = (own for own in blocks(README) if own.name == "my_game.toml")
        (tmp_path / game.name).write_text(game.code, encoding="utf-8")
    path = os.pathsep.join([str(TOP), *sys.path])
    done = subprocess.run(
        [sys.executable, "-m", "tests.run_page", str(TOP / page)],
        cwd=tmp_path, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": path},
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


def test_pages_say_why_a_block_is_not_run():
    left_out = [own for page in PAGES for own in blocks((TOP / page).read_text("utf-8")) if own.why]
    assert all(len(own.why) > 10 for own in left_out)
    assert {"README.md", "docs/index.md", "docs/pictures.md", "docs/probe.md"} <= set(PAGES)
    (shown,) = (own for own in blocks(README) if own.name == "my_game.toml")
    assert not [own for own in blocks(README) if own.why]
    assert "gamma" in shown.code


def test_what_the_pages_install_is_there_and_the_test_command_is_what_ci_runs():
    project = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))["project"]
    commands = [
        part
        for page in PAGES
        for own in blocks((TOP / page).read_text("utf-8"))
        if own.language == "sh" and not own.why
        for line in own.code.splitlines()
        for part in line.split(" && ")
        if installs(part)
    ]
    assert "python3 -m venv .venv" in commands
    for command in commands:
        if "pip install" not in command:
            assert command in ("python3 -m venv .venv", ".venv/bin/python -m pytest")
            continue
        what = shlex.split(command, comments=True)[2:]
        found = re.fullmatch(r"\.(?:\[([\w,]+)\])?", what[-1])
        assert found, command
        for extra in (found[1] or "").split(",") if found[1] else ():
            assert extra in project["optional-dependencies"], command
    marked = re.findall(r"<!-- test command -->\n+```sh\n(.*?)```\n<!-- end -->", README, re.DOTALL)
    assert len(marked) == 1
    ci = (TOP / ".ci" / "run").read_text("utf-8")
    assert "<!-- test command -->" in ci
    assert "-m slow" in ci
    assert "tests/test_docs.py" in ci


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
    pages = [*DOCS.rglob("*.md"), TOP / "README.md", TOP / "CONTRIBUTING.md"]
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
    missing = {(page, path) for page, path in named if not (TOP / path.rstrip(".")).exists()}
    assert not missing
