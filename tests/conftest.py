"""What all tests share: annotations are checked at run time, compiled code is kept for the whole run, and
property tests take the same examples in every run, however long one takes.

The annotations are those of the inner rooms. The outer rooms are left out: what users hand in there may be
anything, and gets its own clear errors.
"""

import os
import shutil
import tempfile

from beartype import BeartypeConf
from beartype.claw import beartype_packages
from hypothesis import settings

ROOMS = (
    "stability.documents",
    "stability.equilibria",
    "stability.spectra",
    "stability.criteria",
    "stability.verdicts",
    "stability.analysis",
    "stability.reports",
)
beartype_packages(ROOMS, conf=BeartypeConf(is_pep484_tower=True))

settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")


def pytest_configure(config):
    """Compiled code and the list of fonts are made once a run, for all tests and the processes they start."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        return
    folder = tempfile.mkdtemp(prefix="stability-tests-")
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    # the user's own list of fonts may have been written while an installation was being removed
    os.environ["MPLCONFIGDIR"] = folder
    import matplotlib.font_manager  # noqa: F401 (makes the list, before all workers ask for it at once)

    if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
        os.environ["JAX_COMPILATION_CACHE_DIR"] = folder
        os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0.05"
