"""What a proxy changes of the heads that pass it, and where it sends requests elsewhere."""

from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from orchestrator.model.errors import Fault, SpecError
from orchestrator.model.scalars import Matching, header_text
from orchestrator.model.sections import Spec
from orchestrator.model.text import quote

_FRAMING: Final = frozenset(
    {
        "connection", "content-length", "keep-alive", "proxy-connection", "te", "trailer",
        "transfer-encoding", "upgrade",
    }
)  # fmt: skip
# The proxy writes them itself, from what it knows of the client and the request.
_REQUEST_OWN: Final = frozenset(
    {
        "expect", "forwarded", "host", "traceparent", "tracestate", "x-forwarded-for",
        "x-forwarded-host", "x-forwarded-prefix", "x-forwarded-proto", "x-request-id",
    }
)  # fmt: skip
_RESPONSE_OWN: Final = frozenset({"x-replica"})


def _free_in(own: frozenset[str], remedy: str) -> AfterValidator:
    def check(name: str) -> str:
        if name.lower() in _FRAMING:
            message = f"{quote(name)} decides where messages end or connections go"
            raise SpecError(Fault(message, "leave it out: the proxy sees to it"))
        if name.lower() in own:
            raise SpecError(Fault(f"{quote(name)} is written by the proxy itself", remedy))
        return name

    return AfterValidator(check)


HeaderName = Annotated[
    str, Matching(r"[A-Za-z0-9-]{1,64}", "a header's name: letters, digits and '-'")
]
RequestHeader = Annotated[HeaderName, _free_in(_REQUEST_OWN, "leave it out")]
ResponseHeader = Annotated[HeaderName, _free_in(_RESPONSE_OWN, "see replicaHeader")]
HeaderValue = Annotated[
    Annotated[
        str,
        Matching(
            r"([!-~]([ -~]{0,4094}[!-~])?)?", "printable ASCII without blanks around, on one line"
        ),
    ],
    BeforeValidator(header_text, json_schema_input_type=str | float | bool),
]


def _each_once(headers: dict[str, str]) -> dict[str, str]:
    seen: set[str] = set()
    for name in headers:
        if name.lower() in seen:
            raise SpecError(Fault(f"{quote(name)} is set twice", "keep one of them", name))
        seen.add(name.lower())
    return headers


_PATH: Final = "[A-Za-z0-9._~%!$&'()*+,;=:@/-]{0,1023}"
PathPrefix = Annotated[str, Matching(f"/{_PATH}", "a path such as /old, without ? and #")]
Destination = Annotated[
    str,
    Matching(
        f"(https?://[A-Za-z0-9.:-]{{1,255}}(/{_PATH})?|/([A-Za-z0-9._~%!$&'()*+,;=:@-]{_PATH})?)",
        "a URL such as https://example.org/new or a path such as /new, without ? and #",
    ),
]


class RequestHeadersSpec(Spec):
    """Applied to each request on its way to a replica: first `remove`, then `set`."""

    set: Annotated[dict[RequestHeader, HeaderValue], AfterValidator(_each_once)] = Field(
        {}, description="In place of the client's."
    )
    remove: tuple[RequestHeader, ...] = ()


class ResponseHeadersSpec(Spec):
    """Applied to each final response of a replica: first `remove`, then `set`."""

    set: Annotated[dict[ResponseHeader, HeaderValue], AfterValidator(_each_once)] = Field(
        {}, description="In place of the replica's."
    )
    remove: tuple[ResponseHeader, ...] = ()


class RedirectSpec(Spec):
    """Sends requests for a path, and all below it, elsewhere."""

    from_: PathPrefix = Field(alias="from", description="Compared segment by segment.")
    to: Destination = Field(description="The rest of the path and the query are appended.")
    status: Literal[301, 302, 307, 308] = 308

    @model_validator(mode="after")
    def _leads_out(self) -> Self:
        if f"{self.to.rstrip('/')}/".startswith(f"{self.from_.rstrip('/')}/"):
            message = f"{quote(self.to)} is below {quote(self.from_)}: it would never end"
            raise SpecError(Fault(message, "lead out of the path", "to"))
        return self


def redirect_faults(redirects: tuple[RedirectSpec, ...]) -> list[Fault]:
    """What is wrong with them together."""
    prefixes = [redirect.from_.rstrip("/") for redirect in redirects]
    return [
        Fault(f"{quote(prefix or '/')} is redirected twice", "keep one of them", "redirects")
        for number, prefix in enumerate(prefixes)
        if prefix in prefixes[:number]
    ]
