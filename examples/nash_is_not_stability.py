"""Stable but not Nash, minmax but unstable: two quadratic games and what a two-timescale field does."""

import stability as st

for name, tau in (("ridge_2", 1), ("ridge_1", 1), ("ridge_1", 4)):
    game = getattr(st.games, name)()
    report = st.report(game, fields=[st.TwoTimescale(tau=tau)], rules=[])
    (origin,) = report.equilibria
    (flow,) = origin.flows
    assert origin.conditions is not None  # a game has them, a flow does not
    print(f"{game.name}, tau = {tau}: {flow.type}")
    print(f"  local Nash: {origin.conditions.local_nash}")
    print(f"  local minmax: {origin.conditions.local_minmax}")
    print(f"  flow: {flow.stability}")
