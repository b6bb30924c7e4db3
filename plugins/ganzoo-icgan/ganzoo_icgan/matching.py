"""IcGAN's game, on raw scores; z(t) = softplus((1 - 2t) score) is the binary cross entropy with the label t.

Of a picture x with its attributes y, other attributes y' of the data, and G(z, y) of noise z:

critic:     z(D(x, y), 1) + (z(D(x, y'), 0) + z(D(G(z, y), y), 0)) / 2
generator:  z(D(G(z, y), y), 1)

Perarnau et al., 2016, arXiv:1611.06355; the halves as in Guim3/IcGAN.
"""

from __future__ import annotations

from torch.nn.functional import softplus

from ganzoo import DataSpec, Loss, Terms, Turn, UserError


class MatchingAttributes(Loss):
    """What is made must look real and have its attributes; real pictures with another's attributes are wrong, too.

    The other attributes are those of the next picture of the batch; where they are the same, the pair does not count.
    """

    paper = "Perarnau et al., 2016, arXiv:1611.06355"
    reads = frozenset({"attributes"})
    scores = frozenset({"score"})
    mixes_batch = True

    def __init__(self, data: DataSpec) -> None:
        super().__init__()

    def critic_terms(self, turn: Turn) -> Terms:
        """Three kinds of pairs."""
        attributes = turn.real["attributes"]
        if len(attributes) < 2:
            what = "loss matching_attributes takes another picture's attributes from the batch, and this one has one"
            raise UserError(what, "make it 2 or more", key="train.batch_size")
        others = attributes.roll(1, dims=0)
        differ = (others != attributes).any(dim=1).float()
        wrong = softplus(turn.judge({**turn.real, "attributes": others})["score"]) * differ
        right, fake = softplus(-turn.real_scores["score"]).mean(), softplus(turn.fake_scores["score"]).mean()
        return {"adversarial": right + (wrong.sum() / differ.sum().clamp(min=1) + fake) / 2}

    def generator_terms(self, turn: Turn) -> Terms:
        """What is made is to be taken for real, and right."""
        return {"adversarial": softplus(-turn.fake_scores["score"]).mean()}
