"""Schedules with one fault each. ``caught_by`` names the check that must see it, and no other may."""

from ganzoo import DataSpec, Plan, Schedule


class Sound(Schedule):
    """One update each; nothing is wrong with it."""

    caught_by = ""

    def __init__(self, data: DataSpec):
        self.calls = 0

    def plan(self, step: int, total: int) -> Plan:
        return Plan()


class Counting(Sound):
    """Counts its calls in place of looking at the step: a resumed run begins again."""

    caught_by = "pure"

    def plan(self, step: int, total: int) -> Plan:
        self.calls += 1
        return Plan(critic_updates=5 if self.calls < 25 else 1)


class Negative(Sound):
    """Runs out of updates and goes on counting."""

    caught_by = "plans"

    def plan(self, step: int, total: int) -> Plan:
        return Plan(critic_updates=5 - step // 100)


class Vanishing(Sound):
    """Divides by the steps that are left."""

    caught_by = "plans"

    def plan(self, step: int, total: int) -> Plan:
        return Plan(critic_updates=5 * total / (total - step))  # type: ignore[arg-type]


class Impossible(Sound):
    """Shares one fake between two critic updates."""

    caught_by = "plans"

    def plan(self, step: int, total: int) -> Plan:
        return Plan(critic_updates=2, share_fake=True)
