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


class Renamed(Sound):
    """A method of another name for a hook, as pluggy allows, and one of the hook's name that it calls; nothing is wrong with it."""

    caught_by = ""

    @hookimpl(specname="run_finished")
    def note(self, outcome):
        self.run_finished(outcome)

    def run_finished(self, outcome):
        self.step = 0


class Writes(Sound):
    """A parameter that shows in its file alone; nothing is wrong with it."""

    caught_by = ""

    def __init__(self, data: DataSpec, *, ending: str = "txt"):
        """Write the last step.

        Args:
            ending: of the file.
        """
        self.ending = ending

    @hookimpl
    def run_started(self, directory):
        self.directory = directory

    @hookimpl
    def run_finished(self, step):
        (self.directory / f"last.{self.ending}").write_text(str(step))


class Idle(Writes):
    """A parameter that changes nothing."""

    caught_by = "effects"

    def __init__(self, data: DataSpec, *, colour: str = "red"):
        """Write the last step.

        Args:
            colour: of nothing.
        """
        super().__init__(data)


class MisspeltElsewhere(Sound):
    """The same for a hook that does not exist."""

    caught_by = "hooks"

    @hookimpl(specname="run_finishd")
    def note(self, outcome):
        self.step = 0


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
