"""Which route a host and a path have: examples, and a model that asks every route."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.proxy.routing import Router, host_name

Routes = list[tuple[tuple[str, ...], str]]

SHOP = Router(
    [
        (("shop.localhost", "shop.test"), "/", "shop"),
        (("shop.localhost",), "/api", "api"),
        (("shop.localhost",), "/api/v2", "api-2"),
        (("*.shop.localhost",), "/", "tenant"),
        (("*.eu.shop.localhost",), "/", "tenant-eu"),
        (("admin.shop.localhost",), "/admin", "admin"),
        ((), "/status", "status"),
    ]
)


@pytest.mark.parametrize(
    ("host", "path", "target"),
    [
        ("shop.localhost", "/", "shop"),
        ("shop.localhost", "/api", "api"),
        ("shop.localhost", "/api/", "api"),
        ("shop.localhost", "/api/v1", "api"),
        ("shop.localhost", "/api/v2/items", "api-2"),
        ("shop.localhost", "/apix", "shop"),
        ("shop.localhost", "/API", "shop"),
        ("shop.localhost", "*", "shop"),
        ("SHOP.localhost.:8080", "/", "shop"),
        ("shop.test", "/api", "shop"),
        ("a.shop.localhost", "/", "tenant"),
        ("b.a.shop.localhost", "/", "tenant"),
        ("a.eu.shop.localhost", "/", "tenant-eu"),
        ("eu.shop.localhost", "/", "tenant"),
        (".shop.localhost", "/", None),
        ("xshop.localhost", "/", None),
        ("admin.shop.localhost", "/admin/x", "admin"),
        ("admin.shop.localhost", "/", "tenant"),
        ("other", "/status", "status"),
        ("other", "/", None),
        ("other", "*", None),
        ("a." * 200 + "shop.localhost", "/", None),
        ("a." * 10_000 + "shop.localhost", "/status", "status"),
        # As sent: no encoding is undone, no dot segment resolved.
        ("shop.localhost", "/%61pi", "shop"),
        ("shop.localhost", "/api%2Fv2", "shop"),
        ("shop.localhost", "/x/../api", "shop"),
        ("shop.localhost", "/api/../x", "api"),
        ("shop.localhost", "//api", "shop"),
    ],
)
def test_examples(host: str, path: str, target: str | None) -> None:
    assert SHOP.find(host.encode(), path.encode()) == target


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("a", "a"), ("A.b:80", "a.b"), ("a.:", "a"), ("[::1]", "[::1]"), ("[::1]:80", "[::1]"),
        ("a..", "a."),
    ],
)  # fmt: skip
def test_a_host_is_its_name(host: str, name: str) -> None:
    assert host_name(host.encode()) == name.encode()


LABELS = st.sampled_from(["a", "b", "c"])
HOSTS = st.lists(LABELS, min_size=1, max_size=4).map(".".join)
PATTERNS = st.builds(lambda star, host: "*." * star + host, st.booleans(), HOSTS)
PATHS = st.lists(LABELS, max_size=3).map(lambda segments: "/" + "/".join(segments))
ROUTES = st.lists(st.tuples(st.lists(PATTERNS, max_size=3).map(tuple), PATHS), max_size=8)


def host_fits(pattern: str, host: str) -> bool:
    wanted, labels = pattern.split("."), host.split(".")
    if wanted[0] != "*":
        return wanted == labels
    return len(labels) >= len(wanted) and labels[1 - len(wanted) :] == wanted[1:]


def path_fits(prefix: str, path: str) -> bool:
    wanted = [segment for segment in prefix.split("/") if segment]
    return path.split("/")[1 : len(wanted) + 1] == wanted


def rank(pattern: str, path: str) -> tuple[bool, bool, int, int]:
    """More is better."""
    return (bool(pattern), not pattern.startswith("*"), len(pattern), len(path))


def model(routes: Routes, host: str, path: str) -> int | None:
    """Where the best of all routes that fit is in the list."""
    fitting = [
        (rank(pattern, prefix), -at)
        for at, (hosts, prefix) in enumerate(routes)
        for pattern in hosts or ("",)
        if (not pattern or host_fits(pattern, host)) and path_fits(prefix, path)
    ]
    return -max(fitting)[1] if fitting else None


@given(ROUTES, HOSTS, PATHS, st.sampled_from(["", "/", "/d"]))
def test_the_best_of_all_that_fit_is_found(routes: Routes, host: str, path: str, more: str) -> None:
    router = Router([(hosts, prefix, at) for at, (hosts, prefix) in enumerate(routes)])
    asked = path.removesuffix("/") + more or "/"
    assert router.find(host.encode(), asked.encode()) == model(routes, host, asked)
