"""The style sheet and the scripts that lie beside this file."""

from __future__ import annotations

from importlib import resources


def asset(name: str) -> str:
    """The text of one of them."""
    return resources.files("stability.page").joinpath(name).read_text("utf-8")
