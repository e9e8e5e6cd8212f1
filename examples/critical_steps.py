"""Which penalty and which step make the Dirac-GAN converge? Closed forms for both update orders."""

import sympy

import stability as st

game = st.games.dirac_gan_r1()
for rule in (st.Simultaneous, st.Alternating):
    formula = st.critical_step(game, rule, parameter="gamma")
    print(f"{rule.name}: stable for every lr below")
    sympy.pprint(formula, use_unicode=True)
    print()
