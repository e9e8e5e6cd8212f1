"""Finite games, and zero-sum games in pure and mixed strategies: equilibria, order of play, mixtures."""

from .equilibrium_sets import NashComponent as NashComponent
from .equilibrium_sets import NashEquilibria as NashEquilibria
from .equilibrium_sets import NashEquilibrium as NashEquilibrium
from .evolutionary import EvolutionarilyStableStrategy as EvolutionarilyStableStrategy
from .evolutionary import evolutionarily_stable_strategies as evolutionarily_stable_strategies
from .matrix_game import MatrixGame as MatrixGame
from .matrix_game import matrix_game as matrix_game
from .mixed import MixedEquilibrium as MixedEquilibrium
from .mixed import mixed_equilibrium as mixed_equilibrium
from .nash import nash_equilibria as nash_equilibria
from .order_of_play import OrderOfPlay as OrderOfPlay
from .order_of_play import order_of_play as order_of_play
