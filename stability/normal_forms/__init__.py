"""What decides where the linearisation is silent: centre manifolds, coefficients, invariants."""
