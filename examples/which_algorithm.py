"""Which algorithm settles xy, a game whose gradient flow only turns? Exact step sizes, and what they cost."""

import sympy

import stability as st

game = st.games.xy()
lr = sympy.Symbol("lr", positive=True)
rules = [
    st.Simultaneous(),
    st.Alternating(),
    st.Extragradient(),
    st.Optimistic(),
    st.RK4(),
    st.HeavyBall(beta=-0.5, order="alternating"),
]
for rule in rules:
    print(f"{rule!s:45} stable iff {st.stability_conditions(game, rule, lr=lr)}")
print()
print(st.compare(game, rules=rules).to_text(100))
