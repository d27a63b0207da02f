"""Responses of replicas that no client may get as they are."""

from tests.proxy.corpus.cases import Faulty, answer

CL = b"Content-Length: 5"
TE = b"Transfer-Encoding: chunked"
_CHUNKS = b"5\r\nhello\r\n0\r\n\r\n"
_SMUGGLED = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled"

_LINES = {
    "HTTP/2": ("9112 2.3", b"HTTP/2 200 OK"),
    "HTTP/2.0": ("9112 2.3", b"HTTP/2.0 200 OK"),
    "HTTP/1.2": ("9112 2.3", b"HTTP/1.2 200 OK"),
    "HTTP/0.9": ("9112 2.3", b"HTTP/0.9 200 OK"),
    "HTTP/1.10": ("9112 2.3", b"HTTP/1.10 200 OK"),
    "http/1.1": ("9112 2.3: case-sensitive", b"http/1.1 200 OK"),
    "ICY": ("9112 4", b"ICY 200 OK"),
    "a request line": ("9112 2.1", b"GET / HTTP/1.1"),
    "status of two digits": ("9112 4", b"HTTP/1.1 20 OK"),
    "status of four digits": ("9112 4", b"HTTP/1.1 2000 OK"),
    "status 0": ("9110 15", b"HTTP/1.1 000 OK"),
    "status 099": ("9110 15", b"HTTP/1.1 099 OK"),
    "status 600": ("9110 15: not valid", b"HTTP/1.1 600 OK"),
    "status 999": ("9110 15: not valid", b"HTTP/1.1 999 OK"),
    "status with a sign": ("9112 4", b"HTTP/1.1 +20 OK"),
    "status of letters": ("9112 4", b"HTTP/1.1 OK OK"),
    "status with a letter": ("9112 4", b"HTTP/1.1 20x OK"),
    "no status": ("9112 4", b"HTTP/1.1"),
    "empty status": ("9112 4", b"HTTP/1.1  OK"),
    "two blanks before the status": ("9112 4", b"HTTP/1.1  200 OK"),
    "tab before the status": ("9112 4", b"HTTP/1.1\t200 OK"),
    "tab after the status": ("9112 4", b"HTTP/1.1 200\tOK"),
    "blank first": ("9112 4", b" HTTP/1.1 200 OK"),
    "NUL in the reason": ("9112 4", b"HTTP/1.1 200 O\x00K"),
    "ESC in the reason": ("9112 4", b"HTTP/1.1 200 \x1b[31m"),
    "DEL in the reason": ("9112 4", b"HTTP/1.1 200 O\x7fK"),
    "bare CR in the reason": ("9112 2.2", b"HTTP/1.1 200 O\rK"),
    "bare LF in the reason": ("9112 2.2", b"HTTP/1.1 200 O\nK"),
    "non-ASCII digits": ("9112 4", b"HTTP/1.1 2\xc2\xb90 OK"),
}
_HEADERS = {
    "obs-fold": ("9112 5.2: 502 or joined", b"X-A: 1\r\n folded"),
    "obs-fold with a tab": ("9112 5.2", b"X-A: 1\r\n\tfolded"),
    "blank before the colon": ("9112 5.1: removed or refused", b"X-A : 1"),
    "blank before the colon of a length": ("9112 5.1", b"Content-Length : 7"),
    "no colon": ("9112 5", b"nonsense"),
    "empty name": ("9110 5.1", b": 1"),
    "blank in a name": ("9110 5.1", b"X A: 1"),
    "non-ASCII name": ("9110 5.1", b"X\xe9: 1"),
    "bare CR in a value": ("9112 2.2", b"X-A: 1\rY: 2"),
    "bare LF in a value": ("9112 2.2", b"Set-Cookie: a\nY: 2"),
    "NUL in a value": ("9110 5.5", b"X-A: \x00"),
    "NUL in a name": ("9110 5.1", b"X\x00: 1"),
    "vertical tab in a value": ("9110 5.5", b"X-A: \x0b"),
    "DEL in a value": ("9110 5.5", b"X-A: \x7f"),
    "a second length, equal": ("9110 8.6", CL),
    "a second length": ("9112 6.3", b"Content-Length: 6"),
    "a coding too": ("9112 6.3: smuggling", TE),
    "a coding too, identity": ("9112 6.1", b"Transfer-Encoding: identity"),
}
_LENGTHS = {
    "plus": b"+5",
    "minus": b"-5",
    "hexadecimal": b"0x5",
    "list of equal values": b"5, 5",
    "list": b"5, 6",
    "empty": b"",
    "blank inside": b"5 5",
    "fraction": b"5.0",
    "word": b"five",
    "underscore": b"1_0",
    "Arabic digit": b"\xd9\xa5",
    "19 digits": b"1000000000000000005",
}
_CODINGS = {
    "gzip": b"gzip",
    "identity": b"identity",
    "empty": b"",
    "gzip, chunked": b"gzip, chunked",
    "chunked, gzip": b"chunked, gzip",
    "chunked, chunked": b"chunked, chunked",
    "xchunked": b"xchunked",
    "quoted": b'"chunked"',
    "parameter": b"chunked;a=b",
}
_CHUNKED_BODIES = {
    "plus": b"+5\r\nhello\r\n0\r\n\r\n",
    "0x": b"0x5\r\nhello\r\n0\r\n\r\n",
    "minus": b"-5\r\nhello\r\n0\r\n\r\n",
    "overflow": b"10000000000000005\r\nhello\r\n0\r\n\r\n",
    "blank before the size": b" 5\r\nhello\r\n0\r\n\r\n",
    "blank after the size": b"5 \r\nhello\r\n0\r\n\r\n",
    "bare LF after the size": b"5\nhello\r\n0\r\n\r\n",
    "bare CR in an extension": b"5;a\rb\r\nhello\r\n0\r\n\r\n",
    "data longer than its size": b"5\r\nhello!\r\n0\r\n\r\n",
    "bare LF after the data": b"5\r\nhello\n0\r\n\r\n",
    "not chunks": b"hello\r\n",
    "malformed trailer": b"5\r\nhello\r\n0\r\nno colon\r\n\r\n",
    "endless extension": b"5;" + b"a" * 5000,
}
_NOT_HTTP = {
    "words": b"hello, this is no HTTP\r\n",
    "one letter": b"x",
    "HTTP/0.9 body": b"<html>hello</html>",
    "bare LF throughout": b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
    "TLS alert": b"\x15\x03\x01\x00\x02\x02\x46",
    "SSH": b"SSH-2.0-OpenSSH_9.6\r\n",
    "Redis": b"-ERR unknown command\r\n",
    "NULs": b"\x00" * 64,
    "empty line first": b"\r\n" + answer(CL, body=b"hello"),
    "head of 40 KiB": answer(b"X-A: " + b"a" * 40960, CL, body=b"hello"),
    "head without an end": b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 40960,
    "second response head in the first": b"HTTP/1.1 200 OK\r\nHTTP/1.1 200 OK\r\n\r\n",
}
_CUT_BODIES = {
    "short length": answer(b"Content-Length: 50", body=b"hello"),
    "chunks without an end": answer(TE, body=b"5\r\nhello\r\n"),
    "chunk cut off": answer(TE, body=b"50\r\nhello"),
    "no last line": answer(TE, body=b"5\r\nhello\r\n0\r\n"),
    "size cut off": answer(TE, body=b"5\r\nhello\r\n5"),
}

FAULTY = [
    *(
        Faulty(f"status line: {name}", reason, answer(CL, line=line, body=b"hello"))
        for name, (reason, line) in _LINES.items()
    ),
    *(
        Faulty(f"header: {name}", reason, answer(line, CL, body=b"hello"))
        for name, (reason, line) in _HEADERS.items()
    ),
    *(
        Faulty(f"length: {name}", "9110 8.6", answer(b"Content-Length: " + value, body=b"hello"))
        for name, value in _LENGTHS.items()
    ),
    *(
        Faulty(f"coding: {name}", "9112 6.1", answer(b"Transfer-Encoding: " + value, body=_CHUNKS))
        for name, value in _CODINGS.items()
    ),
    *(
        Faulty(f"chunks: {name}", "9112 7.1", answer(TE, body=body))
        for name, body in _CHUNKED_BODIES.items()
    ),
    *(Faulty(f"no HTTP: {name}", "9112 2.1", data) for name, data in _NOT_HTTP.items()),
    *(
        Faulty(f"cut: {name}", "9112 8: incomplete", data, status=None, ends=True)
        for name, data in _CUT_BODIES.items()
    ),
    Faulty("coding twice", "9112 6.1", answer(TE, TE, body=_CHUNKS)),
    Faulty("coding in HTTP/1.0", "9112 6.1", answer(TE, line=b"HTTP/1.0 200 OK", body=_CHUNKS)),
    Faulty(
        "101 unasked",
        "9110 15.2.2",
        answer(b"Connection: upgrade", b"Upgrade: x", line=b"HTTP/1.1 101 Switching Protocols"),
    ),
    Faulty("100 with a length", "9110 8.6", answer(CL, line=b"HTTP/1.1 100 Continue")),
    Faulty("103 with a coding", "9112 6.1", answer(TE, line=b"HTTP/1.1 103 Early Hints")),
    Faulty("cut: no byte of a body", "9112 8", answer(b"Content-Length: 50"), ends=True),
    Faulty("head cut off", "9112 8", b"HTTP/1.1 200 OK\r\nContent-Le", ends=True),
    Faulty("status line cut off", "9112 8", b"HTTP/1.1 20", ends=True),
    Faulty("surplus", "9112 6.3", answer(CL, body=b"hello!"), 200, b"hello"),
    Faulty("surplus response", "9112 6.3", answer(CL, body=b"hello" + _SMUGGLED), 200, b"hello"),
    Faulty("surplus after chunks", "9112 7.1", answer(TE, body=_CHUNKS + _SMUGGLED), 200, _CHUNKS),
    Faulty(
        "body of 204",
        "9110 15.3.5",
        answer(CL, line=b"HTTP/1.1 204 No Content", body=b"hello"),
        204,
    ),
    Faulty("204 with a length", "9110 8.6", answer(CL, line=b"HTTP/1.1 204 No Content"), 204),
    Faulty("204 with a coding", "9112 6.1", answer(TE, line=b"HTTP/1.1 204 No Content"), 204),
    Faulty(
        "body of 304",
        "9110 15.4.5",
        answer(CL, line=b"HTTP/1.1 304 Not Modified", body=b"hello"),
        304,
    ),
    Faulty("body for HEAD", "9110 9.3.2", answer(CL, body=b"hello"), 200, method="HEAD"),
    Faulty("chunks for HEAD", "9110 9.3.2", answer(TE, body=_CHUNKS), 200, method="HEAD"),
    Faulty("close", "9112 9.6", answer(CL, b"Connection: close", body=b"hello"), 200, b"hello"),
    Faulty(
        "HTTP/1.0", "9112 9.3", answer(CL, line=b"HTTP/1.0 200 OK", body=b"hello"), 200, b"hello"
    ),
]
