"""Colours that people with every kind of colour vision tell apart.

Source: Okabe and Ito: Color Universal Design, 2008; the darker ones first, for they stand for the
first few things. Black is left to text.
"""

from typing import Final

PALETTE: Final = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442",
)  # fmt: skip
TERMINAL: Final = (32, 214, 36, 175, 117, 166, 227)
"""The nearest of the 256 colours that terminals know."""


def colour(index: int) -> str:
    """The colour of thing number `index`, from 0 on; they repeat."""
    return PALETTE[index % len(PALETTE)]
