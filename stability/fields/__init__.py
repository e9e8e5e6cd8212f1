"""Vector fields of games: what the players follow."""

from .field import Field as Field
from .gradient import Gradient as Gradient
from .two_timescale import TwoTimescale as TwoTimescale

FIELDS: dict[str, type[Field]] = {field.name: field for field in (Gradient, TwoTimescale)}
