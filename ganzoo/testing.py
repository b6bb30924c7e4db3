"""The conformance kit under the name that plugins' tests import it by; the distribution ``ganzoo-kit`` gives it."""

try:
    from ganzoo_kit.testing import *  # noqa: F403
    from ganzoo_kit.testing import __all__ as __all__
except ModuleNotFoundError as error:
    if error.name not in ("ganzoo_kit", "ganzoo_kit.testing"):
        raise
    raise ModuleNotFoundError("ganzoo.testing is part of ganzoo-kit, which is not installed; pip install ganzoo-kit") from None
