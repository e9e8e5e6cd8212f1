"""Eigenvalues with error bounds, dense, matrix-free and in closed form; knows no game and no rule."""
