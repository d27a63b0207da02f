"""A program for replicas: a web server that can be broken, up in 20 ms on a bare interpreter.

`/` names the replica · `/healthz`, `/readyz` answer what `/set/healthz/503` made them answer ·
`/exit/3` ends it with that status · `/slow/200` answers so many milliseconds later ·
`/eat/100` takes so many MiB · `/deaf` makes it ignore SIGTERM · what asks
for an upgrade gets a 101, and then its own bytes back.
"""

WEB = r"""
import _thread, os, signal, socket, time
NAME = f"{os.environ['ORCH_SERVICE']}-{os.environ['ORCH_SLOT']}.{os.environ['ORCH_ATTEMPT']}"
health = {"healthz": 200, "readyz": 200}
held = []
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
def answer(path):
    first, *rest = path.strip("/").split("/")
    if first == "set":
        health[rest[0]] = int(rest[1])
    if first == "exit":
        os._exit(int(rest[0]))
    if first == "slow":
        time.sleep(int(rest[0]) / 1000)
    if first == "deaf":
        _thread.interrupt_main(signal.SIGUSR1)
    if first == "eat":
        held.append(b"x" * (int(rest[0]) << 20))
    return health.get(first, 200)
def serve(client):
    data = b""
    while got := client.recv(65536):
        data += got
        while b"\r\n\r\n" in data:
            head, _, data = data.partition(b"\r\n\r\n")
            if b"\r\nUpgrade: " in head:
                upgraded(client)
                return
            status = answer(head.split()[1].decode())
            body = NAME.encode()
            head = b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n" % (status, len(body))
            client.sendall(head + body)
    client.close()
def upgraded(client):
    client.sendall(b"HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n")
    while got := client.recv(65536):
        client.sendall(got)
def deaf(*_):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGUSR1, deaf)
listener = socket.create_server(("", int(os.environ["PORT"])), backlog=256)
while True:
    _thread.start_new_thread(serve, (listener.accept()[0],))
"""
WAITS = "import os, signal; signal.signal(15, lambda *_: os._exit(0))\nwhile True: signal.pause()"
"""Does nothing until SIGTERM."""

CRASHES = "raise SystemExit(3)"
COMPLETES = "print('done')"


def python(code: str) -> list[str]:
    """The command for a bit of Python."""
    return ["python3", "-S", "-c", code]
