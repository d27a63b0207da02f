"""The k6 script of a run without one of the user's own."""

import json
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from orchestrator.cli.load.profile import REQUEST_TIMEOUT_S, Profile

# What k6 says of requests without an answer. Source: https://grafana.com/docs/k6, Error codes.
REASONS: Final = {
    1000: "no answer, for an unknown reason",
    1050: f"no answer within {REQUEST_TIMEOUT_S} s",
    1101: "the name could not be resolved",
    1200: "the connection failed",
    1210: "the connection could not be made",
    1211: "the connection could not be made in time",
    1212: "the connection was refused",
    1213: "no route to the address",
    1220: "the connection was reset",
}
STATUSES: Final = (
    400,
    401,
    403,
    404,
    405,
    408,
    411,
    413,
    414,
    429,
    431,
    499,
    500,
    501,
    502,
    503,
    504,
)

_SCRIPT: Final = """\
import http from 'k6/http';
import { Counter } from 'k6/metrics';

const setup = %s;
export const options = setup.options;
const failures = {};
for (const name of setup.failures) failures[name] = new Counter(name);

export default function () {
  const answer = http.request(setup.method, setup.url, null, { timeout: setup.timeout });
  if (answer.status >= 400 || answer.status === 0) {
    const name = answer.status ? 'status_' + answer.status : 'error_' + answer.error_code;
    (failures[name] || failures[answer.status ? 'status_other' : 'error_1000']).add(1);
  }
}
"""


@dataclass(frozen=True, slots=True)
class Target:
    """Where requests go."""

    url: str
    method: str = "GET"


def script_for(target: Target, profile: Profile) -> str:
    """JavaScript for `k6 run`. What failed is counted by its reason."""
    setup = {
        "method": target.method,
        "url": target.url,
        "timeout": f"{REQUEST_TIMEOUT_S}s",
        "failures": [
            *(f"status_{status}" for status in (*STATUSES, "other")),
            *(f"error_{code}" for code in REASONS),
        ],
        "options": options_for(profile, target.url),
    }
    return _SCRIPT % json.dumps(setup)


def options_for(profile: Profile, url: str) -> dict[str, Any]:
    """k6's options, for a script of ours."""
    host = urlsplit(url).hostname or ""
    return {
        # Resolvers know `localhost`, and not all of them what is below it.
        "hosts": {host: "127.0.0.1"} if host.endswith(".localhost") else {},
        "scenarios": {"load": {**profile.scenario(), "gracefulStop": f"{REQUEST_TIMEOUT_S}s"}},
        "thresholds": profile.thresholds,
        "insecureSkipTLSVerify": True,
    }


def reason_of(name: str) -> str:
    """`status_503` → `503`; `error_1212` → words."""
    kind, _, rest = name.partition("_")
    if kind == "status":
        return f"status {rest}"
    return REASONS.get(int(rest), rest)
