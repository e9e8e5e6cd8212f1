"""The rooms of the library: a room imports rooms before it in the list, and no two files import each other.

The imports are read from the syntax trees, those inside functions and under TYPE_CHECKING among them.
"""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

TOP = Path(__file__).parents[1]
GROUND = ["lazy", "errors", "time_limits", "_version", "catalogue"]  # files
ROOMS = [
    "documents",
    "dynamics",
    "games",
    "networks",
    "divergences",
    "penalties",
    "fields",
    "rules",
    "equilibria",
    "spectra",
    "criteria",
    "normal_forms",
    "verdicts",
    "matrix_games",
    "minibatches",
    "analysis",
    "branches",
    "cycles",
    "attraction",
    "certificates",
    "reports",
    "sweeps",
    "comparisons",
    "probes",
    "schedules",
    "phase",
    "plots",
    "page",
]
ORDER = [*GROUND, *ROOMS]


class Import(NamedTuple):
    """One imported name: the file and line, the module it is taken from, and what it is called there."""

    file: Path
    line: int
    module: str
    name: str

    @property
    def place(self) -> str:
        return f"{self.file.relative_to(TOP)}:{self.line} imports {self.name} from {self.module}"


def module_name(file: Path, top: Path) -> str:
    parts = file.relative_to(top).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(file, TOP): file for file in (TOP / "stability").rglob("*.py")}


def imports(file: Path, top: Path = TOP) -> list[Import]:
    """What one file imports of the library; a module that is imported by name is its own module."""
    module = module_name(file, top)
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    found = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [Import(file, node.lineno, alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) + 1 - node.level]
            source = ".".join([*(above if node.level else []), *filter(None, [node.module])])
            for alias in node.names:
                inner = f"{source}.{alias.name}"
                target = inner if inner in MODULES else source
                found.append(Import(file, node.lineno, target, alias.name))
    return [i for i in found if i.module.split(".")[0] == "stability"]


def room(module: str) -> str | None:
    """The room, or the file of the ground, that a module belongs to; None for the package itself."""
    return module.split(".")[1] if "." in module else None


INSIDE = {module: imports(file) for module, file in MODULES.items() if module != "stability"}
ACROSS = [i for module, own in INSIDE.items() for i in own if room(i.module) != room(module)]


def test_every_module_is_in_a_room_of_the_list():
    assert {room(module) for module in INSIDE} <= set(ORDER)


def test_every_room_has_its_folder_of_tests():
    folders = {path.parent.name for path in (TOP / "tests").glob("*/__init__.py")}
    assert folders - {"cli"} <= set(ROOMS)
    assert {room(module) for module in INSIDE} - set(GROUND) <= folders


def test_a_room_imports_only_rooms_before_it():
    def earlier(i: Import) -> bool:
        own, other = room(module_name(i.file, TOP)), room(i.module)
        return other is not None and ORDER.index(other) < ORDER.index(own)

    assert not [i.place for i in ACROSS if not earlier(i)]


def test_no_files_import_each_other_in_a_circle():
    graph = {module: {i.module for i in own} for module, own in INSIDE.items()}
    circles = []
    while True:
        try:
            TopologicalSorter(graph).prepare()
            break
        except CycleError as error:
            circle = error.args[1]
            circles.append(" → ".join(circle))
            graph[circle[1]].discard(circle[0])
    assert not circles


def test_private_names_stay_in_their_room():
    private = [i for i in ACROSS if i.name.startswith("_") and i.name != "__version__"]
    assert not [i.place for i in private]


def test_the_command_line_imports_only_what_is_public():
    def public(i: Import) -> bool:
        return not any(part.startswith("_") for part in [*i.module.split("."), i.name])

    used = [i for file in (TOP / "cli").rglob("*.py") for i in imports(file, TOP / "cli")]
    assert used
    assert not [i.place for i in used if not public(i)]


def test_no_room_is_called_like_a_function():
    public = imports(MODULES["stability"])
    functions = {i.name for i in public if i.module != f"stability.{i.name}"}
    assert len(functions) > 100
    assert not functions & set(ORDER)
