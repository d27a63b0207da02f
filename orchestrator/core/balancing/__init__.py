"""Which of several endpoints takes the next request: one module for each algorithm.

Pure, and shared by the proxy and the simulator: randomness and loads are passed in.
"""

from orchestrator.core.balancing.balancer import Balancer
from orchestrator.core.balancing.consistent_hash import ConsistentHash
from orchestrator.core.balancing.least_requests import LeastRequests
from orchestrator.core.balancing.random_choice import RandomChoice
from orchestrator.core.balancing.round_robin import RoundRobin
from orchestrator.core.balancing.slow_start import warm_percent

__all__ = [
    "Balancer",
    "ConsistentHash",
    "LeastRequests",
    "RandomChoice",
    "RoundRobin",
    "warm_percent",
]
