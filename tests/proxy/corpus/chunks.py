"""Chunked bodies of requests: sizes, extensions, data, trailers."""

from tests.proxy.corpus.cases import Accepted, Refused, chunked

_END = b"\r\nhello\r\n0\r\n\r\n"
_SIZES = {
    "plus": b"+5",
    "minus": b"-5",
    "0x": b"0x5",
    "h after it": b"5h",
    "empty": b"",
    "overflow of 64 bits": b"10000000000000005",
    "17 digits": b"00000000000000005",
    "underscore": b"1_0",
    "blank before": b" 5",
    "tab before": b"\t5",
    "blank after": b"5 ",
    "tab after": b"5\t",
    "blank inside": b"0 5",
    "fraction": b"5.0",
    "comma": b"5,5",
    "quoted": b'"5"',
    "letter g": b"g",
    "Arabic digit": b"\xd9\xa5",
    "superscript": b"\xb2",
    "NUL after": b"5\x00",
    "vertical tab": b"\x0b5",
    "colon": b"5:",
    "bare CR": b"5\r",
    "extension without a name": b"5;",
    "extension of blanks": b"5; ",
    "blank before an extension": b"5 ;a=b",
    "blank in an extension": b"5; a=b",
    "blank after the equals sign": b"5;a= b",
    "extension without a value": b"5;a=",
    "extension with NUL": b"5;a=\x00",
    "extension with ESC": b"5;a=\x1b",
    "extension with a bare CR": b"5;a\rb",
    "extension with a bare LF": b"5;a\nb",
    "quote left open": b'5;a="b',
    "quote with a bare CR": b'5;a="\r"',
    "quote with a bare LF": b'5;a="\n"',
    "quote with a line end": b'5;a="\r\n"',
    "quote with NUL": b'5;a="\x00"',
    "words after a quote": b'5;a="b"c',
    "escape at the end of a quote": b'5;a="b\\"',
    "two equals signs": b"5;a==b",
    "two semicolons": b"5;;a",
    "extension in UTF-8": b"5;\xc3\xa9",
    "extension of 5,000 bytes": b"5;" + b"a" * 5000,
}
_STRICTER = {
    "17 digits": "9112 7.1 asks for a guard against overflow: ours is 15 digits",
    "extension of 5,000 bytes": "9112 7.1.1 asks for a limit",
    **dict.fromkeys(
        ("blank before an extension", "blank in an extension", "blank after the equals sign"),
        "9112 7.1.1 has bad whitespace there; readers differ on it",
    ),
}
_BODIES = {
    "data longer than its size": b"5\r\nhello!\r\n0\r\n\r\n",
    "data shorter than its size": b"6\r\nhello\r\n0\r\n\r\n",
    "bare LF after the size": b"5\nhello\r\n0\r\n\r\n",
    "bare CR after the size": b"5\rhello\r\n0\r\n\r\n",
    "LF CR after the size": b"5\n\rhello\r\n0\r\n\r\n",
    "bare LF after the data": b"5\r\nhello\n0\r\n\r\n",
    "bare CR after the data": b"5\r\nhello\r0\r\n\r\n",
    "LF CR after the data": b"5\r\nhello\n\r0\r\n\r\n",
    "no line end after the data": b"5\r\nhello0\r\n\r\n",
    "two line ends after the data": b"5\r\nhello\r\n\r\n0\r\n\r\n",
    "blank after the data": b"5\r\nhello \r\n0\r\n\r\n",
    "empty line first": b"\r\n5\r\nhello\r\n0\r\n\r\n",
    "minus zero": b"5\r\nhello\r\n-0\r\n\r\n",
    "0x0": b"5\r\nhello\r\n0x0\r\n\r\n",
    "bare LF after the last size": b"5\r\nhello\r\n0\n\r\n",
    "bare LF at the end": b"5\r\nhello\r\n0\r\n\n\r\n",
    "bare CR at the end": b"5\r\nhello\r\n0\r\n\r\r\n",
    "no trailer but a request": b"0\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n",
    "trailer without a colon": b"5\r\nhello\r\n0\r\nno colon\r\n\r\n",
    "trailer with a blank before its colon": b"0\r\nA : b\r\n\r\n",
    "trailer without a name": b"0\r\n: b\r\n\r\n",
    "trailer folded": b"0\r\nA: b\r\n c\r\n\r\n",
    "trailer with a bare LF": b"0\r\nA: b\nC: d\r\n\r\n",
    "trailer with a bare CR": b"0\r\nA: b\rC: d\r\n\r\n",
    "trailer with NUL": b"0\r\nA: \x00\r\n\r\n",
    "trailer in UTF-8": b"0\r\n\xc3\xa9: b\r\n\r\n",
    "trailer line of 5,000 bytes": b"0\r\nA: " + b"a" * 5000 + b"\r\n\r\n",
    "trailers of 40 KiB": b"0\r\n" + (b"A: " + b"a" * 1000 + b"\r\n") * 41 + b"\r\n",
}

SIZES = [
    Refused(f"chunk size: {name}", _STRICTER.get(name, "9112 7.1"), chunked(size + _END))
    for name, size in _SIZES.items()
]
REFUSED = [
    *SIZES,
    *(Refused(f"chunks: {name}", "9112 7.1", chunked(data)) for name, data in _BODIES.items()),
]

_HELLO = ((b"POST /", b"hello"),)


def _read(name: str, reason: str, chunks: bytes, absent: bytes = b"\x00") -> Accepted:
    return Accepted(name, reason, chunked(chunks), _HELLO, absent=(absent,))


ACCEPTED = [
    _read("chunks: plain", "9112 7.1", b"5\r\nhello\r\n0\r\n\r\n"),
    _read("chunks: extension", "9112 7.1.1: removed", b"5;a\r\nhello\r\n0\r\n\r\n", b";a"),
    _read(
        "chunks: extension with a value", "9112 7.1.1", b"5;a=b\r\nhello\r\n0;c=d\r\n\r\n", b"=b"
    ),
    _read(
        "chunks: quoted extension", "9112 7.1.1", b'5;a="\\"; \t\xe9"\r\nhello\r\n0\r\n\r\n', b";a"
    ),
    _read("chunks: trailer", "9112 7.1.2: removed", b"5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n", b"Sum"),
    _read(
        "chunks: forbidden trailers",
        "9110 6.5.1: never merged",
        b"5\r\nhello\r\n0\r\nContent-Length: 9\r\nTransfer-Encoding: x\r\nHost: b\r\n\r\n",
        b"Content-Length",
    ),
    Accepted("chunks: none", "9112 7.1", chunked(b"0\r\n\r\n"), ((b"POST /", b""),)),
    Accepted(
        "chunks: leading zeros",
        "9112 7.1: 1*HEXDIG",
        chunked(b"005\r\nhello\r\n000\r\n\r\n"),
        ((b"POST /", b"hello"),),
    ),
    Accepted(
        "chunks: upper and lower case",
        "5234 2.3",
        chunked(b"A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n"),
        ((b"POST /", b"0123456789" * 2),),
    ),
    Accepted(
        "chunks: data like framing",
        "9112 7.1",
        chunked(b"5\r\n0\r\n\r\n\r\n0\r\n\r\n"),
        ((b"POST /", b"0\r\n\r\n"),),
    ),
]
