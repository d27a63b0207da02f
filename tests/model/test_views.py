"""The JSON contract with the API's clients."""

from orchestrator.model.bodies import ManifestBody
from orchestrator.model.event import Event
from orchestrator.model.spec import NodeSpec, ServiceSpec
from orchestrator.model.views import PlanView, ReplicaView


def test_manifests_are_sent_as_they_were_written() -> None:
    """Defaults stay out, so that the other side fills in its own."""
    service = ServiceSpec.model_validate(
        {"name": "web", "image": "app:1", "stopGracePeriod": "90s", "replicas": 2}
    )
    node = NodeSpec.model_validate({"name": "n1", "capacity": {"cpu": "1500m", "memory": "1Gi"}})
    body = ManifestBody(services=(service,), nodes=(node,), serial=3)
    sent = body.model_dump_json(exclude_unset=True)
    received = ManifestBody.model_validate_json(sent)
    assert received == body
    assert received.services[0].model_fields_set == service.model_fields_set
    assert '"stopGracePeriod":"1m30s"' in sent


def test_a_replica_has_the_promised_fields() -> None:
    promised = "name service slot attempt status ready restarts node zone revision id endpoint"
    assert {*promised.split(), "age_s"} <= ReplicaView.model_fields.keys()


def test_a_plan_is_empty_when_nothing_would_change() -> None:
    assert PlanView(serial=1, add=0, change=0, destroy=0, text="").empty
    assert not PlanView(serial=1, add=0, change=0, destroy=1, text="").empty


def test_an_event_has_no_serial_until_it_is_stored() -> None:
    assert Event(0.0, "Normal", "Started", "replica/web-1", "started").serial == 0
