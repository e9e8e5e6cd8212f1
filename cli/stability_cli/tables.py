"""What fields, rules, penalties and conditions there are, read from the library's text without running it.

A table such as `RULES` in `stability/rules/__init__.py` is the list; the classes in it say their names, their
settings and, in the first line of a docstring, what they do. Importing them would import JAX and SymPy, and
nobody waits for those to see a list or to complete a word.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.util import resolve_name

TABLES = {
    "fields": ("stability.fields", "FIELDS"),
    "rules": ("stability.rules", "RULES"),
    "penalties": ("stability.penalties", "PENALTIES"),
    "conditions": ("stability.verdicts.named_conditions", "CONDITIONS"),
}


@dataclass(frozen=True)
class Entry:
    """One of a table: its name on the command line, its settings in order, and what it does in a line."""

    name: str
    settings: tuple[str, ...]
    summary: str

    @property
    def usage(self) -> str:
        """The name with the names of its settings: `heavy-ball:lr,beta,order`."""
        return f"{self.name}:{','.join(self.settings)}" if self.settings else self.name


def entries(kind: str) -> tuple[Entry, ...]:
    """The entries of the table of this kind, in its order."""
    module, table = TABLES[kind]
    assignments = (n for n in _text(module)[0].body if isinstance(n, ast.AnnAssign | ast.Assign))
    (value,) = (n.value for n in assignments if table in map(ast.unparse, _targets(n)))
    assert isinstance(value, ast.DictComp)  # {kind.name: kind for kind in (…)}
    names = [node.id for node in ast.walk(value.generators[0].iter) if isinstance(node, ast.Name)]
    return tuple(_entry(*_class(module, name)) for name in names)


def _entry(module: str, node: ast.ClassDef) -> Entry:
    own = {ast.unparse(n.target): n.value for n in node.body if isinstance(n, ast.AnnAssign)}
    name = own["name"]
    assert isinstance(name, ast.Constant)
    summary = (ast.get_docstring(node) or "").splitlines()[0]
    return Entry(str(name.value), tuple(_settings(module, node)), summary)


def _settings(module: str, node: ast.ClassDef) -> dict[str, None]:
    """The fields of a dataclass, those that it inherits first."""
    if not any("dataclass" in ast.unparse(decorator) for decorator in node.decorator_list):
        return {}
    bases = [_settings(*_class(module, b.id)) for b in node.bases if isinstance(b, ast.Name)]
    own = [n for n in node.body if isinstance(n, ast.AnnAssign)]
    own = {ast.unparse(n.target): None for n in own if "ClassVar" not in ast.unparse(n.annotation)}
    return {name: None for names in [*bases, own] for name in names}


def _class(module: str, name: str) -> tuple[str, ast.ClassDef]:
    """The class that a name means in a module, and the module that it is written in."""
    for node in _text(module)[0].body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return module, node
        if isinstance(node, ast.ImportFrom) and name in (a.asname or a.name for a in node.names):
            _, package = _text(module)
            return _class(resolve_name("." * node.level + (node.module or ""), package), name)
    raise LookupError(f"{name} in {module}")


def _targets(node: ast.AnnAssign | ast.Assign) -> list[ast.expr]:
    return node.targets if isinstance(node, ast.Assign) else [node.target]


@cache
def _text(module: str) -> tuple[ast.Module, str]:
    """A module's syntax tree, and the package that its relative imports start from.

    `importlib.util.find_spec` would run the packages above it.
    """
    place = resources.files("stability").joinpath(*module.split(".")[1:])
    if place.is_dir():
        return ast.parse((place / "__init__.py").read_text(encoding="utf-8")), module
    package, _, name = module.rpartition(".")
    folder = resources.files("stability").joinpath(*package.split(".")[1:])
    return ast.parse((folder / f"{name}.py").read_text(encoding="utf-8")), package
