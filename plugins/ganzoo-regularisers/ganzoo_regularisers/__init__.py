"""Regularisers, each an entry beside an adversarial loss, and a critic that shows its features. Imports no torch."""

from __future__ import annotations

from ganzoo import hookimpl

GANZOO_API = 1


@hookimpl
def ganzoo_critics() -> dict[str, str]:
    """The critic for feature matching."""
    return {"feature_mlp": "ganzoo_regularisers.feature_critic:FeatureMLP"}


@hookimpl
def ganzoo_losses() -> dict[str, str]:
    """One regulariser a file."""
    return {
        "lecam": "ganzoo_regularisers.lecam:LeCam",
        "consistency": "ganzoo_regularisers.consistency:Consistency",
        "latent_consistency": "ganzoo_regularisers.latent_consistency:LatentConsistency",
        "top_k_fakes": "ganzoo_regularisers.top_k:TopKFakes",
        "wgan_div": "ganzoo_regularisers.wgan_div:WGANDiv",
        "lipschitz_penalty": "ganzoo_regularisers.lipschitz_penalty:LipschitzPenalty",
        "feature_matching": "ganzoo_regularisers.feature_matching:FeatureMatching",
        "unrolled": "ganzoo_regularisers.unrolled:Unrolled",
    }
