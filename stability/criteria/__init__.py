"""Stability as a condition on a number: exact conditions, critical and best steps, eigenvalue maps."""
