"""IcGAN: attributes of pictures changed. It imports no torch."""

from __future__ import annotations

from ganzoo import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_generators() -> dict[str, str]:
    """A conditional generator with two encoders that invert it."""
    return {"icgan": "ganzoo_icgan.generator:IcGANGenerator"}


@hookimpl
def ganzoo_critics() -> dict[str, str]:
    """A critic of pictures with their attributes."""
    return {"icgan": "ganzoo_icgan.critic:IcGANCritic"}


@hookimpl
def ganzoo_losses() -> dict[str, str]:
    """The game about pictures with their attributes, and what the encoders are to find."""
    return {"matching_attributes": "ganzoo_icgan.matching:MatchingAttributes", "inversion": "ganzoo_icgan.inversion:Inversion"}


@hookimpl
def ganzoo_schedules() -> dict[str, str]:
    """The game, then the encoders."""
    return {"then_encoders": "ganzoo_icgan.schedule:ThenEncoders"}


@hookimpl
def ganzoo_datasets() -> dict[str, str]:
    """Digits with class and thickness as attributes."""
    return {"attributed_digits": "ganzoo_icgan.digits:AttributedDigits"}


@hookimpl
def ganzoo_metrics() -> dict[str, str]:
    """Whether digits were changed as asked, and only so."""
    return {"changed_digits": "ganzoo_icgan.metric:ChangedDigits"}
