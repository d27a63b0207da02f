"""Where a request's body ends: Content-Length, Transfer-Encoding, and both."""

from tests.proxy.corpus.cases import Accepted, Refused, get, hosted, post

CL = b"Content-Length: 5"
TE = b"Transfer-Encoding: chunked"
_CHUNKS = b"5\r\nhello\r\n0\r\n\r\n"

_LENGTHS = {
    "list of equal values": b"5, 5",
    "list of values that differ": b"5, 6",
    "list without blanks": b"5,5",
    "trailing comma": b"5,",
    "plus": b"+5",
    "minus": b"-5",
    "minus zero": b"-0",
    "hexadecimal": b"0x5",
    "hexadecimal digits": b"a",
    "octal prefix letter": b"0o5",
    "blank inside": b"5 5",
    "tab inside": b"5\t5",
    "empty": b"",
    "only blanks": b"   ",
    "underscore": b"1_0",
    "fraction": b"5.0",
    "exponent": b"5e0",
    "unit": b"5B",
    "quoted": b'"5"',
    "semicolon": b"5;a=b",
    "Arabic digit": b"\xd9\xa5",
    "full-width digit": b"\xef\xbc\x95",
    "superscript digit": b"\xb2",
    "no-break space": b"\xa05",
    "19 digits": b"1000000000000000000",
    "2 to the 64 and 5": b"18446744073709551621",
    "word": b"five",
}
_STRICTER = dict.fromkeys(
    ("19 digits", "2 to the 64 and 5"),
    "9110 8.6 asks for a guard against overflow: ours is 18 digits",
)
_CODINGS = {
    "chunked twice in a list": b"chunked, chunked",
    "chunked, gzip": b"chunked, gzip",
    "chunked, identity": b"chunked, identity",
    "gzip, chunked twice": b"gzip, chunked, chunked",
    "gzip between": b"chunked, gzip, chunked",
    "gzip, empty, chunked": b"gzip,, chunked",
    "gzip, xchunked": b"gzip, xchunked",
    "gzip with a quote, chunked": b'gzip", chunked',
    "gzip chunked": b"gzip chunked",
    "xchunked": b"xchunked",
    "chunkedx": b"chunkedx",
    "quoted": b'"chunked"',
    "single quotes": b"'chunked'",
    "empty": b"",
    "comma first": b", chunked",
    "comma last": b"chunked,",
    "parameter": b"chunked;q=1",
    "semicolon": b"chunked;",
    "two words": b"chunked chunked",
    "slash": b"chunked/1",
    "no-break space": b"\xa0chunked",
    "accent": b"chunk\xe9d",
    "brackets": b"[chunked]",
}
_UNKNOWN = {
    "gzip, chunked": b"gzip, chunked",
    "gzip ,CHUNKED": b"gzip \t,CHUNKED",
    "deflate, gzip, chunked": b"deflate,gzip,chunked",
    "identity, chunked": b"identity, chunked",
    "gzip, deflate": b"gzip, deflate",
    "gzip": b"gzip",
    "identity": b"identity",
    "deflate": b"deflate",
    "cow": b"cow",
    "chunk": b"chunk",
    "trailers": b"trailers",
}

REFUSED = [
    *(
        Refused(f"CL: {name}", _STRICTER.get(name, "9110 8.6"), post(b"Content-Length: " + v))
        for name, v in _LENGTHS.items()
    ),
    *(
        Refused(f"TE: {name}", "9112 6.3: chunked once, last", post(b"Transfer-Encoding: " + v))
        for name, v in _CODINGS.items()
    ),
    *(
        Refused(f"TE: {name}", "9112 6.1: 501", post(b"Transfer-Encoding: " + value), 501)
        for name, value in _UNKNOWN.items()
    ),
    Refused("CL and TE", "9112 6.1: smuggling", post(CL, TE, body=_CHUNKS)),
    Refused("TE and CL", "9112 6.1: smuggling", post(TE, CL, body=_CHUNKS)),
    Refused("CL 0 and TE", "9112 6.1", post(b"Content-Length: 0", TE, body=_CHUNKS)),
    Refused("CL and TE identity", "9112 6.1", post(CL, b"Transfer-Encoding: identity")),
    Refused("CL and TE gzip, chunked", "9112 6.1", post(CL, b"Transfer-Encoding: gzip, chunked")),
    Refused("CL and empty TE", "9112 6.1", post(CL, b"Transfer-Encoding:")),
    Refused(
        "CL and TE, any case", "9110 5.1", post(b"cOnTeNt-lEnGtH: 5", b"tRANSFER-ENCODING: cHUNKED")
    ),
    Refused("CL and TE apart", "9112 6.1", post(CL, b"Accept: */*", b"X-A: 1", TE, body=_CHUNKS)),
    Refused(
        "CL, TE hidden by Connection",
        "9110 7.6.1",
        post(CL, TE, b"Connection: content-length", body=_CHUNKS),
    ),
    Refused(
        "TE, CL hidden by Connection",
        "9110 7.6.1",
        post(TE, CL, b"Connection: transfer-encoding", body=_CHUNKS),
    ),
    Refused("CL twice, equal", "9110 8.6: may be refused", post(CL, CL)),
    Refused("CL twice, other case", "9110 8.6", post(CL, b"content-length: 5")),
    Refused("CL twice, that differ", "9112 6.3", post(CL, b"Content-Length: 6")),
    Refused("CL twice, apart", "9112 6.3", post(CL, b"X-A: 1", b"Content-Length: 0")),
    Refused("CL twice, one empty", "9110 8.6", post(CL, b"Content-Length:")),
    Refused("CL twice on GET", "9112 6.3", hosted(CL, b"Content-Length: 6") + b"hello"),
    Refused("TE twice", "9112 6.1", post(TE, TE, body=_CHUNKS)),
    Refused("TE twice, one identity", "9112 6.1", post(TE, b"Transfer-Encoding: identity")),
    Refused(
        "TE twice, gzip first",
        "twice is refused before it is read",
        post(b"Transfer-Encoding: gzip", TE),
    ),
    Refused("TE twice, one empty", "9112 6.1", post(b"Transfer-Encoding:", TE, body=_CHUNKS)),
    Refused("TE vertical tab", "9110 5.5", post(b"Transfer-Encoding: \x0bchunked")),
    Refused("TE form feed", "9110 5.5", post(b"Transfer-Encoding: chunked\x0c")),
    Refused("TE NUL", "9110 5.5", post(b"Transfer-Encoding: chunked\x00")),
    Refused("TE backspace", "9110 5.5", post(b"Transfer-Encoding: xx\x08\x08chunked")),
    Refused("CL NUL", "9110 5.5", post(b"Content-Length: 5\x00")),
    Refused("CL vertical tab", "9110 5.5", post(b"Content-Length: \x0b5")),
    Refused("TE folded", "9112 5.2", post(b"Transfer-Encoding:", b" chunked")),
    Refused("TE folded by a tab", "9112 5.2", post(b"Transfer-Encoding:", b"\tchunked")),
    Refused("CL folded", "9112 5.2", post(b"Content-Length: 1", b" 5")),
    Refused("CL hidden in a fold", "9112 5.2", post(b"X-A: 1", b" Content-Length: 5")),
    Refused("blank before the colon of CL", "9112 5.1", post(b"Content-Length : 5")),
    Refused("tab before the colon of TE", "9112 5.1", post(b"Transfer-Encoding\t: chunked")),
    Refused("blank before CL", "9112 5.2", post(b"X-A: 1", b" Content-Length: 5")),
    Refused("underscore for the hyphen of CL", "CGI reads both as one", post(b"Content_Length: 5")),
    Refused(
        "underscore for the hyphen of TE",
        "CGI reads both as one",
        post(b"Transfer_Encoding: chunked"),
    ),
    Refused("TE after a bare CR", "9112 2.2", post(b"X-A: 1\rTransfer-Encoding: chunked")),
    Refused("TE after a bare LF", "9112 2.2", post(b"X-A: 1\nTransfer-Encoding: chunked")),
    Refused("TE before a bare LF", "9112 2.2", post(b"Transfer-Encoding: chunked\nX-A: 1")),
    Refused("CL after CR CR LF", "9112 2.2", post(b"X-A: 1\r", CL)),
    Refused("TE in HTTP/1.0", "9112 6.1", get(b"Host: a", TE, line=b"POST / HTTP/1.0") + _CHUNKS),
    Refused("TE and CL in HTTP/1.0", "9112 6.1", get(b"Host: a", CL, TE, line=b"POST / HTTP/1.0")),
    Refused(
        "TE gzip in HTTP/1.0",
        "9112 6.1",
        get(b"Host: a", b"Transfer-Encoding: gzip", line=b"POST / HTTP/1.0"),
    ),
]

_HELLO = ((b"POST /", b"hello"),)

ACCEPTED = [
    Accepted("CL with leading zeros", "9110 8.6: 1*DIGIT", post(b"Content-Length: 0005"), _HELLO),
    Accepted("CL with blanks around", "9110 5.5: OWS", post(b"Content-Length: \t 5 \t"), _HELLO),
    Accepted("CL without a blank", "9110 5.5: OWS", post(b"Content-Length:5"), _HELLO),
    Accepted("CL in any case", "9110 5.1", post(b"cONTENT-lENGTH: 5"), _HELLO),
    Accepted("CL on GET", "9110 9.3.1", hosted(CL) + b"hello", ((b"GET /", b"hello"),)),
    Accepted("CL zero", "9112 6.3", post(b"Content-Length: 0", body=b""), ((b"POST /", b""),)),
    Accepted("no length", "9112 6.3: no body", post(body=b""), ((b"POST /", b""),)),
    Accepted("TE in any case", "9112 7", post(b"tRANSFER-eNCODING: cHUNKED", body=_CHUNKS), _HELLO),
    Accepted(
        "TE with blanks around",
        "9110 5.5",
        post(b"Transfer-Encoding:\t chunked \t", body=_CHUNKS),
        _HELLO,
    ),
    Accepted(
        "CL named by Connection",
        "9110 7.6.1: not a hop-by-hop field",
        post(CL, b"Connection: content-length"),
        _HELLO,
    ),
    Accepted(
        "TE named by Connection",
        "9110 7.6.1",
        post(TE, b"Connection: Transfer-Encoding", body=_CHUNKS),
        _HELLO,
    ),
    Accepted(
        "a name that only begins like CL", "9110 5.1", post(CL, b"Content-Length-X: 7"), _HELLO
    ),
    Accepted(
        "pipelined after a body",
        "9112 9.3.2",
        post(CL) + hosted(line=b"GET /b HTTP/1.1"),
        (*_HELLO, (b"GET /b", b"")),
    ),
    Accepted(
        "pipelined after chunks",
        "9112 9.3.2",
        post(TE, body=_CHUNKS) + hosted(line=b"GET /b HTTP/1.1"),
        (*_HELLO, (b"GET /b", b"")),
    ),
    Accepted(
        "an empty line after a body",
        "9112 2.2",
        post(CL) + b"\r\n" + hosted(line=b"GET /b HTTP/1.1"),
        (*_HELLO, (b"GET /b", b"")),
    ),
    Accepted(
        "a body that looks like a request",
        "9112 6.3",
        post(b"Content-Length: 27", body=b"GET /x HTTP/1.1\r\nHost: a\r\n"[:27].ljust(27)),
        ((b"POST /", b"GET /x HTTP/1.1\r\nHost: a\r\n".ljust(27)),),
    ),
]
