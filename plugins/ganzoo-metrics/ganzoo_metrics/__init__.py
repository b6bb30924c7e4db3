"""Metrics of generated samples. It imports no torch."""

from __future__ import annotations

from ganzoo import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_metrics() -> dict[str, str]:
    """The metrics."""
    return {
        "classifier_fid": "ganzoo_metrics.classifier_fid:ClassifierFID",
        "fid": "ganzoo_metrics.fid:FID",
        "inception_score": "ganzoo_metrics.recognition:InceptionScore",
        "kid": "ganzoo_metrics.kid:KID",
        "l1": "ganzoo_metrics.pairs:L1",
        "modes": "ganzoo_metrics.mode_coverage:Modes",
        "precision_recall": "ganzoo_metrics.precision_recall:PrecisionRecall",
        "psnr": "ganzoo_metrics.pairs:PSNR",
        "relative_l1": "ganzoo_metrics.relative:RelativeL1",
        "sliced_wasserstein": "ganzoo_metrics.sliced_wasserstein:SlicedWasserstein",
        "ssim": "ganzoo_metrics.pairs:SSIM",
        "stacked_modes": "ganzoo_metrics.mode_coverage:StackedModes",
    }
