"""Stability as a condition on a number: exact conditions, critical and best steps, eigenvalue maps."""

from .critical_formula import critical_step as critical_step
from .eigenvalue_maps import multiplier_polynomial as multiplier_polynomial
from .eigenvalue_maps import multipliers as multipliers
from .eigenvalue_maps import stability_region as stability_region
from .stability_inequalities import hurwitz_conditions as hurwitz_conditions
from .stability_inequalities import schur_conditions as schur_conditions
from .stability_inequalities import stability_conditions as stability_conditions
