"""Networks with ordinary double backwards, and their derivatives compared with torch's."""

import copy

from ganzoo.engine.convolutions import use_ordinary_double_backward


def changed(network):
    copied = copy.deepcopy(network)
    return copied, use_ordinary_double_backward(copied)


def same(wanted, found, tolerance=1e-10, rounding=1e-5):
    """Each within ``tolerance`` of its own largest value, or ``rounding`` of that: a bias before a norm has the gradient 0."""
    assert len(wanted) == len(found)
    rounding *= tolerance * max(theirs.abs().max() for theirs in wanted if theirs is not None)
    for ours, theirs in zip(found, wanted, strict=True):
        assert (ours is None) == (theirs is None)
        if ours is not None and theirs is not None:
            assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
            assert (ours - theirs).abs().max() <= tolerance * theirs.abs().max() + rounding
