"""Zero-sum games in pure and mixed strategies: matrix games, order of play, mixtures."""

from .matrix_game import MatrixGame as MatrixGame
from .matrix_game import matrix_game as matrix_game
from .mixed import MixedEquilibrium as MixedEquilibrium
from .mixed import mixed_equilibrium as mixed_equilibrium
from .order_of_play import OrderOfPlay as OrderOfPlay
from .order_of_play import order_of_play as order_of_play
