"""The catalogue's flows and maps rest where they should, with the eigenvalues that they should have."""

import pytest
import sympy

import stability as st
from tests.known_systems import FLOWS, MAPS

z = sympy.Symbol("z")


@pytest.mark.parametrize("known", [*FLOWS, *MAPS], ids=lambda known: f"{known[0]} at {known[2]}")
def test_rest_points_and_eigenvalues(known):
    """In 30 digits: characteristic polynomials are compared, which do not mind double roots."""
    name, parameters, point, eigenvalues, *_ = known
    system = st.games.load(name, parameters)
    values = {symbol.name: value for symbol, value in system.values().items()}

    def exact(text):
        letters = {letter: sympy.Symbol(letter) for letter in values}
        return sympy.sympify(text, locals=letters, rational=True).subs(values)

    at = sympy.Matrix([exact(coordinate) for coordinate in point])
    velocity = system.rest_equations if system.kind == "map" else system.expressions
    here = dict(zip(system.variables, at, strict=True)) | dict(system.values())
    assert max(abs(v.xreplace(here).evalf(30)) for v in velocity) < 1e-25
    jacobian = system.jacobian().xreplace(here).evalf(30)
    expected = sympy.Poly(sympy.prod(z - exact(e).evalf(30) for e in eigenvalues), z).all_coeffs()
    found = jacobian.charpoly(z).all_coeffs()
    size = max(map(abs, expected))
    assert max(abs(a - b) for a, b in zip(found, expected, strict=True)) < 1e-20 * size
