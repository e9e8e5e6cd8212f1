"""Minibatch noise: whether steps on random minibatches stay near an equilibrium, and how near."""
