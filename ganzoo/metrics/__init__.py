"""Metrics: numbers with their provenance."""
