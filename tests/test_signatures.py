"""Every argument that a user can give is described: its name stands in backticks in a docstring.

Which docstring: the function's own; for a class its own or that of a class it is derived from; for a
method also that of the method that it overrides, and the class's, which says once what its methods share.
"""

import inspect
import re
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any

import pytest

import stability

SPACES = {
    "st": stability,
    "st.games": stability.games,
    "st.games.families": stability.games.families,
    "st.networks": stability.networks,
    "st.plots": stability.plots,
    "st.divergences": stability.divergences,
}


def public() -> Iterator[tuple[str, Any]]:
    """The functions and classes of the public namespaces, each once, by the name that users call it."""
    seen = set()
    for space, module in SPACES.items():
        for name in [*vars(module), *getattr(module, "__all__", ())]:
            value = getattr(module, name)
            ours = getattr(value, "__module__", "").startswith("stability.")
            if name.startswith("_") or not callable(value) or not ours or id(value) in seen:
                continue
            seen.add(id(value))
            yield f"{space}.{name}", value


def own(docs: list[str | None]) -> str:
    return "\n".join(doc for doc in docs if doc)


def callables() -> Iterator[tuple[str, Callable[..., Any], str]]:
    """Everything that is called: its name, itself, and the text that has to describe its arguments."""
    for name, value in public():
        if not inspect.isclass(value):
            yield name, value, value.__doc__ or ""
            continue
        if issubclass(value, Exception | Enum):
            continue
        bases = [base for base in value.__mro__ if base.__module__.startswith("stability.")]
        of_class = own([base.__doc__ for base in bases])
        yield name, value, of_class
        for method, member in vars(value).items():
            function = getattr(member, "__func__", member)
            if method.startswith("_") or not inspect.isfunction(function):
                continue
            overridden = own(
                [getattr(getattr(base, method, None), "__doc__", None) for base in bases]
            )
            yield f"{name}.{method}", function, f"{overridden}\n{of_class}"


CALLABLES = list(callables())


@pytest.mark.parametrize(
    ("function", "text"), [row[1:] for row in CALLABLES], ids=[row[0] for row in CALLABLES]
)
def test_every_argument_is_described(function, text):
    arguments = [
        name
        for name in inspect.signature(function).parameters
        if name not in ("self", "cls") and not name.startswith("_")
    ]
    assert not [name for name in arguments if not re.search(rf"`\*{{0,2}}{name}`", text)]


def test_every_public_name_is_looked_at():
    names = {row[0] for row in CALLABLES}
    assert len(names) > 300
    assert {"st.report", "st.Game", "st.Game.jvp", "st.plots.portrait", "st.Alternating"} <= names
