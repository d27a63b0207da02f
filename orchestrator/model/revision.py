"""The fingerprint of what a replica runs: equal revision, no reason to replace it."""

import hashlib
import json
from typing import Final

from orchestrator.model.spec import ServiceSpec

# Fields that a running replica cannot take over: a change means a new replica. Probes, restart
# policy, strategy, proxy and replica count are the controller's and change in place.
TEMPLATE_FIELDS: Final = (
    "image", "build", "command", "port", "env", "resources", "process", "security",
)  # fmt: skip
REVISION_LENGTH: Final = 10


def revision_of(spec: ServiceSpec, source: str = "", restarted: int = 0) -> str:
    """Hex digest over the template, the digest of the build's sources, and the number of
    restarts a user ordered. Equal for equal meaning: defaults spelt out change nothing."""
    template = spec.model_dump(mode="json", include=set(TEMPLATE_FIELDS))
    template["placement"] = dict(sorted(spec.placement.node_selector.items()))
    if required := spec.placement.node_affinity.required:
        template["affinity"] = [one.model_dump(mode="json") for one in required]
    canonical = json.dumps([template, source, restarted], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:REVISION_LENGTH]
