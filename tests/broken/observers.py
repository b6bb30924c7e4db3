"""Observers with one fault each. ``caught_by`` names the check that must see it, and no other may."""

from ganzoo import DataSpec, hookimpl


class Sound:
    """Remembers the last step; nothing is wrong with it."""

    caught_by = ""

    def __init__(self, data: DataSpec):
        self.step = 0

    @hookimpl
    def step_logged(self, step):
        self.step = step


class Misspelt(Sound):
    """A hook that does not exist, and would never be called."""

    caught_by = "hooks"

    @hookimpl
    def step_loged(self, step):
        self.step = step


class Demanding(Sound):
    """A hook with an argument that nobody gives."""

    caught_by = "hooks"

    @hookimpl
    def samples_saved(self, step, pictures):
        self.step = step


class Unmarked(Sound):
    """A hook without its marker, which would never be called."""

    caught_by = "hooks"

    def run_finished(self, outcome):
        self.step = 0
