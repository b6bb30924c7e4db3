"""Copies each recipe of ``zoo_configs/`` into the plugin that ships it, so that ``ganzoo run DISTRIBUTION:NAME`` finds it.

``zoo_configs/`` is where recipes are edited; run this afterwards: ``.venv/bin/python tools/copy_recipes.py``.
``tests/test_plugin_recipes.py`` fails where a copy is not equal, byte for byte.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = {
    "acgan_cifar10": "ganzoo-acgan:cifar10",
    "acgan_mnist": "ganzoo-acgan:mnist",
    "dcgan_celeba": "ganzoo-dcgan:celeba",
    "dcgan_folder": "ganzoo-dcgan:folder",
    "dcgan_stacked_mnist": "ganzoo-dcgan:stacked_mnist",
    "dcgan_stacked_mnist_small": "ganzoo-dcgan:stacked_mnist_small",
    "context_encoder_folder": "ganzoo-context-encoder:folder",
    "digits_cgan": "ganzoo-cgan:digits",
    "digits_consistency": "ganzoo-regularisers:digits",
    "digits_sagan": "ganzoo-sagan:digits",
    "digits_biggan": "ganzoo-biggan:digits",
    "digits_began": "ganzoo-began:digits",
    "digits_ebgan": "ganzoo-ebgan:digits",
    "digits_r3gan": "ganzoo-r3gan:digits",
    "digits_infogan": "ganzoo-infogan:digits",
    "faces_context_encoder": "ganzoo-context-encoder:faces",
    "faces_progan": "ganzoo-progan:faces",
    "progan_folder": "ganzoo-progan:folder",
    "srgan_folder": "ganzoo-srgan:folder",
    "stackgan_captioned": "ganzoo-stackgan:captioned",
    "stackgan_described": "ganzoo-stackgan:described",
    "faces_srgan": "ganzoo-srgan:faces",
    "grid_lsgan": "ganzoo-lsgan:grid",
    "grid_non_saturating": "ganzoo-vanilla:grid",
    "digits_diffaugment": "ganzoo-augment:digits",
    "digits_sngan": "ganzoo-sngan:digits",
    "grid_r3gan": "ganzoo-r3gan:grid",
    "grid_relativistic": "ganzoo-relativistic:grid",
    "grid_wgan_gp": "ganzoo-wgan-gp:grid",
    "icgan_celeba": "ganzoo-icgan:celeba",
    "icgan_digits": "ganzoo-icgan:digits",
    "infogan_mnist": "ganzoo-infogan:mnist",
    "lsgan_celeba": "ganzoo-lsgan:celeba",
    "lsgan_mnist": "ganzoo-lsgan:mnist",
    "pix2pix_outlines": "ganzoo-pix2pix:outlines",
    "pix2pix_facades": "ganzoo-pix2pix:facades",
    "cyclegan_tinted": "ganzoo-cyclegan:tinted",
    "cyclegan_horse2zebra": "ganzoo-cyclegan:horse2zebra",
    "pixeldt_scene": "ganzoo-pixeldt:scene",
    "pixeldt_lookbook": "ganzoo-pixeldt:lookbook",
    "quickstart": "ganzoo-acgan:quickstart",
    "ring_dragan": "ganzoo-dragan:ring",
    "ring_hinge": "ganzoo-hinge:ring",
    "ring_lsgan": "ganzoo-lsgan:ring",
    "ring_non_saturating": "ganzoo-vanilla:ring",
    "ring_pacgan": "ganzoo-pacgan:ring",
    "ring_r3gan": "ganzoo-r3gan:ring",
    "ring_relativistic_average": "ganzoo-relativistic:ring",
    "ring_top_k": "ganzoo-regularisers:ring_top_k",
    "ring_wgan_div": "ganzoo-regularisers:ring_wgan_div",
    "ring_wgan_gp": "ganzoo-wgan-gp:ring",
    "stylegan2_folder": "ganzoo-stylegan2:folder",
    "vanilla_conv_mnist": "ganzoo-vanilla:conv_mnist",
    "vanilla_mnist": "ganzoo-vanilla:mnist",
    "wgan_celeba": "ganzoo-wgan:celeba",
    "wgan_gp_celeba": "ganzoo-wgan-gp:celeba",
    "wgan_gp_cifar10": "ganzoo-wgan-gp:cifar10",
    "wgan_gp_mnist": "ganzoo-wgan-gp:mnist",
    "wgan_mnist": "ganzoo-wgan:mnist",
}
"""File in ``zoo_configs/`` -> the name under which a plugin ships it."""


def copy_of(recipe: str) -> Path:
    """Where the plugin keeps its copy of a file in ``zoo_configs/``."""
    distribution, _, name = SHIPPED[recipe].partition(":")
    return ROOT / "plugins" / distribution / distribution.replace("-", "_") / "recipes" / f"{name}.yaml"


def main() -> None:
    """Copy what differs, and say so."""
    for recipe in SHIPPED:
        source, copy = ROOT / "zoo_configs" / f"{recipe}.yaml", copy_of(recipe)
        if not copy.exists() or copy.read_bytes() != source.read_bytes():
            copy.parent.mkdir(exist_ok=True)
            copy.write_bytes(source.read_bytes())
            print(f"{SHIPPED[recipe]}: copied", file=sys.stderr)


if __name__ == "__main__":
    main()
