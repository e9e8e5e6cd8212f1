"""Figures. Every function takes an Axes (or makes one), draws on it, and returns it."""
