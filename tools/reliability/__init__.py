"""Runs the tests that carry a promise, and writes what they found into docs/reliability.md."""
