"""While the tests run, every annotation of the inner rooms is checked at run time.

The outer rooms are left out: what users hand in there may be anything, and gets its own clear errors.
"""

from beartype import BeartypeConf
from beartype.claw import beartype_packages

ROOMS = ("stability.equilibria", "stability.spectra", "stability.verdicts", "stability.report")
beartype_packages(ROOMS, conf=BeartypeConf(is_pep484_tower=True))
