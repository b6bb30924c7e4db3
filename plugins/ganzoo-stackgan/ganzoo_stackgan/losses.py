"""StackGAN's objectives, on raw scores; z(t) = softplus((1 - 2t) score) is the binary cross entropy with the label t.

Of a picture x with its text e, the text e' of another picture, and G(e):

critic:     z(D(x, e), 1) + (z(D(x, e'), 0) + z(D(G(e), e), 0)) / 2
generator:  z(D(G(e), e), 1) + w KL(N(mean(e), variance(e)) || N(0, I))

The game: Reed et al., 2016, arXiv:1605.05396 (GAN-CLS); the divergence: Zhang et al., 2017, arXiv:1612.03242; both as in
hanzhanggit/StackGAN.
"""

from __future__ import annotations

from torch.nn.functional import softplus

from ganzoo import DataSpec, Loss, Terms, Turn, UserError


class MatchingAware(Loss):
    """What is made must look real and match its text; real pictures with another's text are wrong, too.

    The other text is that of the next picture of the batch.
    """

    paper = "Reed et al., 2016, arXiv:1605.05396"
    reads = frozenset({"text"})
    scores = frozenset({"score"})
    mixes_batch = True

    def __init__(self, data: DataSpec) -> None:
        super().__init__()

    def critic_terms(self, turn: Turn) -> Terms:
        """Three kinds of pairs."""
        text = turn.real["text"]
        if len(text) < 2:
            what = "loss matching_aware takes another picture's text from the batch, and this one has one"
            raise UserError(what, "make it 2 or more", key="train.batch_size")
        wrong = turn.judge({**turn.real, "text": text.roll(1, dims=0)})["score"]
        right, fake = turn.real_scores["score"], turn.fake_scores["score"]
        return {"adversarial": softplus(-right).mean() + (softplus(wrong).mean() + softplus(fake).mean()) / 2}

    def generator_terms(self, turn: Turn) -> Terms:
        """What is made is to be taken for real, and right."""
        return {"adversarial": softplus(-turn.fake_scores["score"]).mean()}
