"""Text → specs: manifests read, checked and explained; their JSON Schema; digests of sources."""

from orchestrator.manifest.manifests import Manifests, from_text, load
from orchestrator.manifest.schema import schema
from orchestrator.manifest.sources import source_digest

__all__ = ["Manifests", "from_text", "load", "schema", "source_digest"]
