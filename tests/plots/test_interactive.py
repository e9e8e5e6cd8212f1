"""Sliders redraw the portrait; they are moved here without a browser."""

import sys

import pytest
import sympy

import stability as st
from stability.errors import InputError
from stability.plots import interactive as module

pytest.importorskip("ipywidgets")
