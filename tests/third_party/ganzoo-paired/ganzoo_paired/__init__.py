"""Image-to-image translation after Isola et al., 2017: no core file knows of it."""

from ganzoo import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_generators():
    return {"translate": "ganzoo_paired.parts:Translate"}


@hookimpl
def ganzoo_critics():
    return {"judge_pair": "ganzoo_paired.parts:JudgePair"}


@hookimpl
def ganzoo_losses():
    return {"l1": "ganzoo_paired.parts:L1"}


@hookimpl
def ganzoo_datasets():
    return {"squares": "ganzoo_paired.parts:Squares"}


@hookimpl
def ganzoo_observers():
    return {"diary": "ganzoo_paired.parts:Diary"}


@hookimpl
def ganzoo_metrics():
    return {"brightness": "ganzoo_paired.parts:Brightness"}


@hookimpl
def ganzoo_optimizers():
    return {"signs": "ganzoo_paired.signs:Signs"}


@hookimpl
def ganzoo_commands():
    return {"read-diary": "ganzoo_paired.reading:read_diary"}
