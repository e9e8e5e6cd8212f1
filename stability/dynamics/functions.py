from stability.games.functions import jax_function as jax_function
