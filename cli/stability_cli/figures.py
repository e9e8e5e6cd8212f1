"""Pictures as files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

FIGURES = (".svg", ".pdf", ".png")


def picture_of(draw: Callable[[], Any], output: str) -> bytes:
    """What `draw` draws (it returns Axes) as the bytes of a picture; the file's ending tells the format."""
    import matplotlib

    matplotlib.use("Agg")  # no window is opened, and none is needed
    from stability.plots.style import picture

    return picture(draw().figure, Path(output).suffix[1:])
