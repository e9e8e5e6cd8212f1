"""Rules: how a step along a field is taken."""

from .alternating import Alternating as Alternating
from .rule import Rule as Rule
from .simultaneous import Simultaneous as Simultaneous

RULES: dict[str, type[Rule]] = {rule.name: rule for rule in (Simultaneous, Alternating)}
