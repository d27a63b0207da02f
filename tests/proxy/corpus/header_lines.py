"""Header lines: their grammar, Host, how many, how long."""

from tests.proxy.corpus.cases import Accepted, Refused, get, hosted, post

_LINES = {
    "obs-fold with a blank": ("9112 5.2", b"X-A: 1\r\n folded"),
    "obs-fold with a tab": ("9112 5.2", b"X-A: 1\r\n\tfolded"),
    "obs-fold of nothing": ("9112 5.2", b"X-A: 1\r\n "),
    "obs-fold of an empty value": ("9112 5.2", b"X-A:\r\n 1"),
    "bare CR in a value": ("9112 2.2", b"X-A: 1\rY: 2"),
    "bare CR at the end": ("9112 2.2", b"X-A: 1\r"),
    "bare CR in a name": ("9112 2.2", b"X-\rA: 1"),
    "bare LF in a value": ("9112 2.2", b"X-A: 1\nY: 2"),
    "LF CR": ("9112 2.2", b"X-A: 1\n\rY: 2"),
    "NUL in a value": ("9110 5.5", b"X-A: 1\x002"),
    "NUL in a name": ("9110 5.1", b"X\x00: 1"),
    "SOH in a value": ("9110 5.5", b"X-A: \x01"),
    "bell in a value": ("9110 5.5", b"X-A: \x07"),
    "backspace in a value": ("9110 5.5", b"X-A: a\x08"),
    "vertical tab in a value": ("9110 5.5", b"X-A: a\x0bb"),
    "form feed in a value": ("9110 5.5", b"X-A: a\x0cb"),
    "ESC in a value": ("9110 5.5", b"X-A: \x1b[31m"),
    "unit separator in a value": ("9110 5.5", b"X-A: a\x1fb"),
    "DEL in a value": ("9110 5.5", b"X-A: \x7f"),
    "DEL in a name": ("9110 5.1", b"X\x7f: 1"),
    "blank before the colon": ("9112 5.1", b"X-A : 1"),
    "tab before the colon": ("9112 5.1", b"X-A\t: 1"),
    "blank in a name": ("9110 5.1", b"X A: 1"),
    "empty name": ("9110 5.1", b": 1"),
    "no colon": ("9112 5", b"nonsense"),
    "underscore in a name": ("CGI reads it as a hyphen", b"X_Forwarded_For: 1"),
    "UTF-8 in a name": ("9110 5.1", b"X-\xc3\xa9: 1"),
    "Latin-1 in a name": ("9110 5.1", b"X\xe9: 1"),
    "bracket in a name": ("9110 5.1", b"X[0]: 1"),
    "quote in a name": ("9110 5.1", b'"X": 1'),
    "slash in a name": ("9110 5.1", b"X/A: 1"),
    "at in a name": ("9110 5.1", b"X@A: 1"),
    "equals in a name": ("9110 5.1", b"X=A: 1"),
    "semicolon in a name": ("9110 5.1", b"X;A: 1"),
    "comma in a name": ("9110 5.1", b"X,A: 1"),
    "brace in a name": ("9110 5.1", b"X{A}: 1"),
}
_HOSTS = {
    "empty": b"",
    "only blanks": b"  ",
    "two words": b"a b",
    "tab inside": b"a\tb",
    "path": b"a/b",
    "query": b"a?b",
    "fragment": b"a#b",
    "user": b"u@a",
    "scheme": b"http://a",
    "comma": b"a,b",
    "list": b"a, b",
    "backslash": b"a\\b",
    "quote": b'"a"',
    "angle brackets": b"<a>",
    "pipe": b"a|b",
    "caret": b"a^b",
    "port of letters": b"a:http",
    "port with a sign": b"a:+80",
    "port too long": b"a:800000",
    "two ports": b"a:80:80",
    "port alone": b":80",
    "IPv6 without brackets": b"::1",
    "bracket open": b"[::1",
    "bracket closed": b"::1]",
    "empty brackets": b"[]",
    "name in brackets": b"[host]",
    "words after brackets": b"[::1]a",
    "UTF-8": b"\xc3\xa9.test",
}

REFUSED = [
    *(Refused(name, reason, hosted(line)) for name, (reason, line) in _LINES.items()),
    *(
        Refused(f"Host: {name}", "9112 3.2: invalid Host", get(b"Host: " + value))
        for name, value in _HOSTS.items()
    ),
    Refused("no Host", "9112 3.2", get(b"X-A: 1")),
    Refused("no header at all", "9112 3.2", get()),
    Refused("two Hosts", "9112 3.2", get(b"Host: a", b"Host: b")),
    Refused("two equal Hosts", "9112 3.2", get(b"Host: a", b"host: a")),
    Refused(
        "two Hosts in HTTP/1.0", "9112 3.2", get(b"Host: a", b"Host: b", line=b"GET / HTTP/1.0")
    ),
    Refused("malformed Host in HTTP/1.0", "9112 3.2", get(b"Host: a b", line=b"GET / HTTP/1.0")),
    Refused("a Host and an empty one", "9112 3.2", get(b"Host: a", b"Host:")),
    Refused("Host after the head's end", "9112 3.2", get() + b"Host: a\r\n\r\n"),
    Refused("blank before Host", "9112 2.2", get(b" Host: a")),
    Refused("Host folded", "9112 5.2", get(b"Host:", b" a")),
    Refused("Host with a blank before its colon", "9112 5.1", get(b"Host : a")),
    Refused("no Host but a path of that name", "9112 3.2", get(line=b"GET /Host:a HTTP/1.1")),
    Refused("absolute form without Host", "9112 3.2", get(line=b"GET http://a/ HTTP/1.1")),
    Refused("two Upgrades", "9110 7.8: once here", hosted(b"Upgrade: a", b"Upgrade: b")),
    Refused("bare LF at the head's end", "9112 2.2", b"GET / HTTP/1.1\r\nHost: a\r\n\n"),
    Refused("bare CRs at the head's end", "9112 2.2", b"GET / HTTP/1.1\r\nHost: a\r\r\n\r\n"),
    Refused(
        "Expect of something else",
        "9110 10.1.1",
        post(b"Content-Length: 5", b"Expect: 200-ok"),
        417,
    ),
    Refused("Expect of two things", "9110 10.1.1", hosted(b"Expect: 100-continue, a=b"), 417),
    Refused("Expect twice", "9110 10.1.1", hosted(b"Expect: 100-continue", b"Expect: x"), 417),
    Refused("Expect of nothing", "9110 10.1.1", hosted(b"Expect:"), 417),
    Refused("101 headers", "6585 5", hosted(*[b"X-A: 1"] * 100), 431),
    Refused("1,000 headers", "6585 5", hosted(*[b"A:"] * 1000), 431),
    Refused("a head of 33 KiB", "6585 5", hosted(b"X-A: " + b"a" * 33 * 1024), 431),
    Refused("a name of 33 KiB", "6585 5", hosted(b"a" * 33 * 1024 + b": 1"), 431),
    Refused(
        "a target of 9 KiB", "9110 15.5.15", hosted(line=b"GET /" + b"a" * 9216 + b" HTTP/1.1"), 414
    ),
    Refused(
        "a target of 40 KiB",
        "9110 15.5.15",
        hosted(line=b"GET /" + b"a" * 40960 + b" HTTP/1.1"),
        414,
    ),
    Refused(
        "a target too long, by headers too",
        "9110 15.5.15",
        hosted(b"X-A: " + b"a" * 33 * 1024, line=b"GET /" + b"a" * 9216 + b" HTTP/1.1"),
        414,
    ),
]

_ROOT = ((b"GET /", b""),)

ACCEPTED = [
    Accepted("empty value", "9110 5.5", hosted(b"X-A:"), _ROOT, (b"X-A:\r\n",)),
    Accepted("colon in a value", "9110 5.5", hosted(b"X-A:: 1:2"), _ROOT, (b"X-A:: 1:2\r\n",)),
    Accepted("tab in a value", "9110 5.5", hosted(b"X-A: a\tb"), _ROOT, (b"X-A: a\tb\r\n",)),
    Accepted(
        "obs-text in a value", "9110 5.5", hosted(b"X-A: \xe9\xff"), _ROOT, (b"X-A: \xe9\xff\r\n",)
    ),
    Accepted(
        "names twice", "9110 5.3", hosted(b"X-A: 1", b"X-A: 2"), _ROOT, (b"X-A: 1\r\nX-A: 2",)
    ),
    Accepted("every token character but one", "9110 5.6.2", hosted(b"!#$%&'*+-.^`|~9z: 1"), _ROOT),
    Accepted("100 headers", "limits", hosted(*[b"X-A: 1"] * 99), _ROOT),
    Accepted("Host with a port", "9110 7.2", get(b"Host: a:8080"), _ROOT, (b"Host: a:8080\r\n",)),
    Accepted("Host with an empty port", "3986 3.2.3", get(b"Host: a:"), _ROOT, (b"Host: a:\r\n",)),
    Accepted("IPv6 Host", "9110 7.2", get(b"Host: [::1]:80"), _ROOT, (b"Host: [::1]:80\r\n",)),
    Accepted("Host last", "9110 5.3", get(b"X-A: 1", b"HOST:a"), _ROOT, (b"Host: a\r\n",)),
    Accepted(
        "Expect",
        "9110 10.1.1",
        post(b"Content-Length: 5", b"expect: 100-Continue"),
        ((b"POST /", b"hello"),),
        (b"Expect: 100-continue\r\n",),
    ),
    Accepted(
        "Expect in HTTP/1.0",
        "9110 10.1.1: ignored",
        get(b"Host: a", b"Expect: 100-continue", line=b"GET / HTTP/1.0"),
        _ROOT,
        (),
        (b"xpect",),
    ),
]
