"""Large games, networks say: probes at a point and along training, and training runs to probe."""

from . import advice_document as advice_document
from . import document as document  # teaches a ProbeReport to show itself
from .advice import Advice as Advice
from .adviser import advise as advise
from .along import probe_checkpoint as probe_checkpoint
from .along import probe_run as probe_run
from .callback import Probe as Probe
from .probing import Prober as Prober
from .probing import probe as probe
from .runs import Run as Run
from .runs import open_run as open_run
from .series import PathAngle as PathAngle
from .series import ProbeSeries as ProbeSeries
from .training import Training as Training
from .training import train as train
from .value import ProbeReport as ProbeReport
