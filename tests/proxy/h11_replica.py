"""A replica that reads requests with h11, a strict reader, and keeps what it read."""

import h11

from tests.proxy.replicas import Connection

Reading = tuple[bytes, bytes]


class Readings:
    """`requests`: request line without the version, and body, of each complete request."""

    def __init__(self) -> None:
        self.requests: list[Reading] = []

    async def __call__(self, connection: Connection) -> None:
        """Serve one connection."""
        reader = h11.Connection(h11.SERVER)
        line = body = b""
        while True:
            event = reader.next_event()
            if event is h11.NEED_DATA:
                data = await connection.reader.read(1 << 16)
                connection.replica.received += data
                reader.receive_data(data)
            elif isinstance(event, h11.Request):
                line, body = event.method + b" " + event.target, b""
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                self.requests.append((line, body))
                answer = h11.Response(status_code=200, headers=[("Content-Length", "0")])
                await connection.send(reader.send(answer) + reader.send(h11.EndOfMessage()))
                reader.start_next_cycle()
            else:
                return
