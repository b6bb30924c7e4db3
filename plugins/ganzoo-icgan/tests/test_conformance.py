from ganzoo_icgan.digits import AttributedDigits

from ganzoo.testing import conformance_tests


class Few(AttributedDigits):
    """Enough to measure."""

    def arrays(self, cache):
        return {name: rows[:500] for name, rows in super().arrays(cache).items()}


test_conformance = conformance_tests("ganzoo-icgan", data={"metric changed_digits": [Few()]})
