"""Every effect of the card layer has somebody who performs it."""

from typing import assert_never

from szunion.emv.flow import Effect, Transmit


def perform(effect: Effect) -> object:
    match effect:  # bad: exhaustive-match
        case Transmit():
            return effect
    assert_never(effect)  # bad: arg-type
