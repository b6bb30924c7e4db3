"""Sweeps: one configuration trained over many settings and seeds, each trial a process and a run directory of its own."""
