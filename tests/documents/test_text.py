"""Text: columns and lines of a width; Rich is imported for nothing else."""

import subprocess
import sys

from stability.documents.numbers import SPACE
from stability.documents.text import column_widths, wrap


def test_rich_is_imported_only_for_text():
    code = "import sys, stability.documents.text; print('rich' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


def test_columns_are_narrowed_the_widest_first_and_never_into_a_word():
    rows = [("a", "one two three four"), ("bb", "five")]
    assert column_widths(rows, 40) == [2, 18]
    assert column_widths(rows, 14) == [2, 10]
    assert column_widths(rows, 8) is None


def test_wrap_breaks_at_blanks_and_keeps_numbers_whole():
    assert wrap("one two three", 7) == ["one two", "three"]
    assert wrap(f"at −0.15{SPACE}±{SPACE}0.477i", 16) == ["at", f"−0.15{SPACE}±{SPACE}0.477i"]
    assert wrap("abcdefgh", 3) == ["abc", "def", "gh"]
    assert wrap("", 5) == [""]
