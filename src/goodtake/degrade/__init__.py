"""Simulation of bad recordings: draw the parameters first, apply them second (paper 1, sections 3.2 and 4.1)."""
