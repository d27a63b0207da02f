"""Malformed and ambiguous messages, each with its verdict and the section that gives it.

`Refused`: answered by the proxy, connection closed, not a byte upstream. `Accepted`: has one
reading, which is what goes upstream. `Faulty`: a response whose connection is not used again.
"""
