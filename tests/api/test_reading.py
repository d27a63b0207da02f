"""Manifests as text, and the way back from an apply."""

from typing import Any

from tests.api.conftest import Api, manifests, problem

TWO = """\
kind: Node
name: n1
capacity: {cpu: 2, memory: 1Gi}
---
kind: Service
name: job
image: local/test:1
pull: never
command: [sleep, "60"]
"""


async def read(api: Api, text: str, **fields: Any) -> dict[str, Any]:
    """What `text` says."""
    answer = await api.post("/v1/manifests", {"text": text} | fields)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_text_becomes_what_can_be_planned(api: Api, tmp_path: Any) -> None:
    found = await read(api, TWO, folder=str(tmp_path))
    (job,) = found["manifests"]["services"]
    assert "replicas" not in job, "what is not written is not said"
    assert job["process"] == {"workdir": str(tmp_path)}
    plan = (await api.post("/v1/plan", found["manifests"])).json()
    assert plan["text"].endswith("Plan: 3 to add, 0 to change, 0 to destroy.")


async def test_all_that_is_wrong_is_said_with_its_place_and_remedy(api: Api) -> None:
    text = TWO.replace("image:", "imagee:").replace("cpu: 2", "cpu: lots")
    faults = (await read(api, text))["faults"]
    found = [(one["line"], one["field"]) for one in faults]
    assert found == [(3, "capacity.cpu"), (7, "imagee")]
    assert all(one["message"] and one["remedy"] for one in faults)
    assert await api.get("/v1/services") == []


async def test_a_folder_that_is_none_is_refused(api: Api) -> None:
    for folder in ("manifests", "/does/not/exist", "/\0"):
        answer = await api.post("/v1/manifests", {"text": TWO, "folder": folder})
        assert "does not exist" in problem(answer, 422)["detail"]


async def undo(api: Api) -> str:
    """Apply what was before; the plan's text."""
    before = await api.get("/v1/previous")
    answer = await api.post("/v1/apply", before["manifests"])
    text: str = answer.json()["text"]
    return text


async def test_before_the_first_apply_there_was_nothing(api: Api) -> None:
    assert await api.get("/v1/previous") == {}
    await api.apply(api.rig.worker(replicas=2))
    assert await api.get("/v1/previous") == {}


async def test_an_apply_is_undone_and_done_again(api: Api) -> None:
    await api.apply(api.rig.worker(replicas=2))
    await api.apply(api.rig.worker(replicas=3, env={"NEW": "1"}), api.rig.worker("other"))
    assert "service other: deleted" in await undo(api)
    (job,) = await api.get("/v1/services")
    assert (job["desired"], "NEW" in job["spec"]["env"]) == (2, False)
    await undo(api)
    assert [one["name"] for one in await api.get("/v1/services")] == ["job", "other"]


async def test_the_count_from_before_comes_back_also_where_no_manifest_named_it(api: Api) -> None:
    plain = manifests(api.rig.worker())
    plain["services"][0].pop("replicas")
    await api.post("/v1/apply", plain)
    await api.post("/v1/services/job/scale", {"replicas": 2})
    await api.apply(api.rig.worker(replicas=4))
    await undo(api)
    (job,) = await api.get("/v1/services")
    assert job["desired"] == 2


async def test_an_apply_that_changes_nothing_is_none_to_undo(api: Api) -> None:
    await api.apply(api.rig.worker(replicas=1))
    await api.apply(api.rig.worker(replicas=2))
    await api.apply(api.rig.worker(replicas=2))
    assert (await api.get("/v1/previous"))["manifests"]["services"][0]["replicas"] == 1
