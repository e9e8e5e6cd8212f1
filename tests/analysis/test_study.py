"""One study serves every view: what one has made ready, searched for or compiled the next one finds."""

import numpy as np
import pytest
import sympy

import stability as st
from stability.analysis import search, study
from stability_cli.report import run


@pytest.fixture
def counted(monkeypatch):
    """How often a system is made ready, and how often its equilibria are searched for."""
    counts = {"prepared": 0, "searched": 0}

    def counting(what, function):
        def count(*arguments, **options):
            counts[what] += 1
            return function(*arguments, **options)

        return count

    monkeypatch.setattr(study, "prepare", counting("prepared", study.prepare))
    search_once = counting("searched", search.find_equilibria)
    monkeypatch.setattr(search, "find_equilibria", search_once)
    return counts


def test_a_report_with_its_page_is_prepared_once_and_searched_once(counted, tmp_path):
    page = tmp_path / "page.html"
    nothing = dict.fromkeys(
        ("settings", "fields", "rules", "penalties", "conditions", "at", "box"), ()
    )
    options = {"starts": None, "seed": 0, "batch": None, "as_json": False, "force": False}
    options |= {"summary": False, "details": None, "everywhere": False}
    run("dirac-gan-r1", **nothing, **options, output=str(page), check=False)
    assert page.read_text("utf-8").count("<svg") >= 4
    assert counted == {"prepared": 1, "searched": 1}


def test_every_view_of_a_study_uses_the_same_search(counted):
    one = st.study(st.load("dirac-gan-r1"))
    st.report(one)
    st.compare(one, rules=[st.Simultaneous()])
    st.phase_portrait(one, curves=False)
    st.rate_curves(one, [st.Alternating()])
    assert counted["searched"] == 1


def test_a_system_remembers_its_search_without_a_study(counted):
    game = st.load("dirac-gan-r1")
    first, second = st.report(game), st.report(game)
    assert counted["searched"] == 1
    assert first.to_json() == second.to_json()


@pytest.mark.parametrize(
    "changed", [{"parameters": {"gamma": 0.5}}, {"box": {"psi": (-1, 1)}}, {"seed": 1}]
)
def test_another_question_is_searched_anew(counted, changed):
    game = st.load("dirac-gan-r1")
    st.report(game)
    st.report(game, **changed)
    assert counted["searched"] == 2


def test_what_a_verb_is_given_replaces_what_the_study_has():
    x, y = sympy.symbols("x y")
    game = st.SymbolicGame({"x": ([x], x * y), "y": ([y], -x * y)})
    one = st.study(game, rules=[st.Extragradient(lr=0.1)], fields=[st.Consensus(gamma=0.5)])
    (e,) = st.report(one).equilibria
    assert [(r.rule, r.field) for r in e.rules] == [("extragradient", "consensus")]
    (e,) = st.report(one, rules=[st.Simultaneous(lr=0.1)]).equilibria
    assert [(r.rule, r.field) for r in e.rules] == [("simultaneous", "consensus")]
    np.testing.assert_allclose(e.rules[0].spectral_radius, np.hypot(1 - 0.1 * 0.5, 0.1))


def test_one_field_is_spelled_in_either_way_but_not_in_both():
    game = st.load("xy")
    either = [
        st.phase_portrait(game, curves=False, **own)
        for own in ({"field": st.Consensus(gamma=1.0)}, {"fields": [st.Consensus(gamma=1.0)]})
    ]
    np.testing.assert_array_equal(*(own.paths[0].points for own in either))
    with pytest.raises(st.InputError, match="give field or fields, not both"):
        st.phase_portrait(game, field=st.Gradient(), fields=[st.Gradient()])


def test_a_sweep_and_tuning_take_what_the_study_has():
    one = st.study(
        st.load("dirac-gan-r1"), rules=[st.Alternating(lr=0.2)], parameters={"gamma": 0.5}
    )
    over, what = {"lr": [0.1, 0.2]}, ["spectral_radius"]
    found = st.sweep(one, over, what).quantities["spectral_radius"]
    known = st.sweep(
        one.system, over, what, rule=st.Alternating(lr=0.2), parameters={"gamma": 0.5}
    ).quantities["spectral_radius"]
    np.testing.assert_array_equal(found, known)
    (tuned,) = st.tune(one, "gamma", 0, 5, [(st.Gradient(), st.Simultaneous(lr=0.1))])
    np.testing.assert_allclose(tuned.stable[0][0], 0.025)  # lr < 4γ
    several = st.study(one, rules=[st.Simultaneous(), st.Alternating()])
    with pytest.raises(st.InputError, match="takes one rule, not 2"):
        st.sweep(several, over, what)


def test_paths_orbits_and_probes_take_what_the_study_has():
    rule, gamma = st.Simultaneous(lr=0.1), {"gamma": 0.5}
    one = st.study(st.load("dirac-gan-r1"), rules=[rule], parameters=gamma)
    game = st.load("dirac-gan-r1", {"gamma": "0.5"})
    found, known = (st.compare_paths(s, r, [1, 0], steps=5) for s, r in ((one, None), (game, rule)))
    np.testing.assert_array_equal(found.steps.points, known.steps.points)
    found, known = (st.periodic_orbits(s, r, period=1) for s, r in ((one, None), (game, rule)))
    assert found.to_dict() == known.to_dict()
    probed = st.probe(one, [0.0, 0.0], k=2)
    np.testing.assert_allclose(sorted(probed.rightmost.values.real), [-0.25, -0.25], atol=1e-9)
    assert [own.rule for own in probed.rules] == ["simultaneous"]
    with pytest.raises(st.InputError, match="say whose steps are followed"):
        st.compare_paths(game, x0=[1, 0], steps=5)


def test_parameters_and_boxes_go_over_those_of_the_study():
    x, y, p, q = sympy.symbols("x y p q")
    game = st.SymbolicGame({"x": ([x], p * x**2 / 2 + x * y), "y": ([y], q * y**2 / 2 - 2 * x * y)})
    one = st.study(game, parameters={"p": 1, "q": 2}, box={"x": (-3, 3)})
    found = st.report(one, parameters={"p": 4}, box={"y": (-5, 5)})
    assert found.system.parameters == {"p": 4.0, "q": 2.0}
    assert dict(found.search.box) == {"x": (-3.0, 3.0), "y": (-5.0, 5.0)}
    paths = st.compare_paths(game, st.Simultaneous(), [1, 0], steps=2, parameters={"p": 1, "q": 2})
    np.testing.assert_allclose(paths.steps.points[1], [0.9, 0.2])


def test_a_study_of_two_fields_is_refused_where_one_is_drawn():
    one = st.study(st.load("xy"), fields=[st.Gradient(), st.Consensus(gamma=1.0)])
    for verb in (st.phase_portrait, st.rate_curves):
        with pytest.raises(st.InputError, match="takes one field, not 2"):
            verb(one)


def test_a_schedule_names_the_field_that_was_followed():
    found = st.along_schedule(
        st.load("dirac-gan-r1"), st.Simultaneous(), 0.1, steps=5, fields=[st.TwoTimescale(tau=2.0)]
    )
    assert found.to_dict()["field"].startswith("two-timescale:tau=2")


def test_rates_are_those_of_the_rules_of_the_study():
    one = st.study(st.load("dirac-gan-r1"), rules=[st.Simultaneous()])
    assert [curve.name for curve in st.rate_curves(one).curves] == ["simultaneous"]


@pytest.mark.parametrize("verb", [st.compare, st.phase_portrait])
def test_a_rule_alone_is_no_list_of_rules(verb):
    with pytest.raises(st.InputError, match=r"as in rules=\[Simultaneous"):
        verb(st.load("xy"), rules=st.Simultaneous())


def test_penalties_are_put_on_once():
    game = st.load("xy")
    one, other = (st.study(game, penalties=[st.Anchor(strength=0.1)]) for _ in range(2))
    assert one.numeric is other.numeric
    assert one.name == "xy with anchor" or "anchor" in one.name


def test_what_is_kept_is_told_apart_by_its_contents():
    game = st.load("xy").twin
    sizes = {"": 0.1}
    assert game.kept("test", st.Simultaneous(lr=sizes), list) is game.kept(
        "test", st.Simultaneous(lr=dict(sizes)), list
    )
    large = np.eye(60)
    other = large.copy()
    other[30, 30] = 2.0  # NumPy prints both alike
    fields = [st.Preconditioned(large), st.Preconditioned(other)]
    assert repr(fields[0]) == repr(fields[1])
    assert game.kept("test", fields[0], list) is not game.kept("test", fields[1], list)
