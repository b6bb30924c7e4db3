"""SRGAN. It imports no torch."""

from __future__ import annotations

from ganzoo import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_generators() -> dict[str, str]:
    """The network that makes pictures larger."""
    return {"srresnet": "ganzoo_srgan.generator:SRResNet"}


@hookimpl
def ganzoo_critics() -> dict[str, str]:
    """The critic of large pictures."""
    return {"srgan": "ganzoo_srgan.critic:SRGANCritic"}


@hookimpl
def ganzoo_schedules() -> dict[str, str]:
    """The generator alone, then both players."""
    return {"pretrain": "ganzoo_srgan.schedule:Pretrain"}


@hookimpl
def ganzoo_datasets() -> dict[str, str]:
    """Digits and their low resolution."""
    return {"reduced_digits": "ganzoo_srgan.digits:ReducedDigits"}


@hookimpl
def ganzoo_metrics() -> dict[str, str]:
    """Enlarged pictures against bicubic interpolation and against the truth."""
    return {"super_resolution": "ganzoo_srgan.metric:SuperResolution"}
