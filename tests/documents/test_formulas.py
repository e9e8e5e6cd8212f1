"""Closed forms, as text and in LaTeX."""

import pytest

from stability.documents.formulas import latex, readable, readable_all


@pytest.mark.parametrize(
    ("given", "text", "formula"),
    [
        ("-gamma/2 - sqrt(gamma**2 - 1)/2", "−gamma/2 − √(gamma² − 1)/2",
         r"-\frac{\gamma}{2} - \frac{\sqrt{{\gamma}^{2} - 1}}{2}"),
        ("-sqrt(3)*I/180", "−√3·i/180", r"-\frac{\sqrt{3} \, i}{180}"),
        ("2*(a + b)**3/c", "2·(a + b)³/c", r"\frac{2 \, {\left(a + b\right)}^{3}}{c}"),
        ("a/(b*c)", "a/(b·c)", r"\frac{a}{b \, c}"),
        ("a - (b - c)", "a − b + c", "a - b + c"),
        ("-(a + b)*c", "−(a + b)·c", r"-\left(a + b\right) \, c"),
        ("2**(1/3)*pi", "2^(1/3)·π", r"{2}^{\frac{1}{3}} \, \pi"),
        ("x**(1/2)", "√x", r"\sqrt{x}"),
        ("(-2)**a", "(−2)^a", r"{\left(-2\right)}^{a}"),
        ("lambda*atan(x_1)", "lambda·atan(x_1)", r"\lambda \, \arctan\left(x_{1}\right)"),
        ("erf(learning_rate)", "erf(learning_rate)",
         r"\operatorname{\mathrm{erf}}\left(\mathrm{learning\_rate}\right)"),
        ("1 - CRootOf(10*x**3 - x, 1)**2", "1 − root₂(10·x³ − x)²",
         r"1 - {\operatorname{root}_{2}\left(10 \, {x}^{3} - x\right)}^{2}"),
        ("Piecewise((1, a > 0))", "Piecewise((1, a > 0))", None),
        ("__import__('os').system('ls')", "__import__('os').system('ls')", None),
        ("a +", "a +", None),
    ],
)  # fmt: skip
def test_closed_forms(given, text, formula):
    assert readable(given) == text
    assert latex(given) == formula


def test_closed_forms_that_differ_in_one_sign_are_joined():
    pair = ["-gamma/2 + sqrt(gamma**2 - 1)/2", "-gamma/2 - sqrt(gamma**2 - 1)/2"]
    assert readable_all(pair) == ["−gamma/2 ± √(gamma² − 1)/2"]
    assert readable_all(["-1/20 + sqrt(3)*I", "-sqrt(3)*I - 1/20"]) == ["−1/20 ± √3·i"]
    assert readable_all(["a + b", "-a - b"]) == ["a + b", "−a − b"]
    assert readable_all(["I/2", "-I/2", "-4", "-4"]) == ["±i/2", "−4 (twice)"]
    assert readable_all(["(-a + b)/2", "-(a + b)/2"]) == ["−a/2 ± b/2"]
    assert readable_all(["(a - b)/2", "c"]) == ["(a − b)/2", "c"]
    assert readable_all(["a >", "1"]) == ["a >", "1"]
