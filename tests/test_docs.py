"""The Python of the pages about networks runs, each page from top to bottom in one go."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"


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
