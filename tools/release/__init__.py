"""Builds every distribution of this repository, and tries each alone, from its wheel."""
