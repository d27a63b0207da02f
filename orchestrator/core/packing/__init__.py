"""Packing a whole batch at once: vectors of sizes into as few equal bins as possible.

`instance` is the question and the answer, `online` and `offline` are rules that give an answer,
`search` improves one while there is time, `bounds` says how far from the best it may be, and
`validate`, which shares no code with them, says whether it is an answer at all.
"""
