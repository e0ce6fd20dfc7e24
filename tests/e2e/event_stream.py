"""The live stream of what happens, as a client reads it."""

import http.client
import threading

from harness import wait_until


class Stream:
    """Reads server-sent events in the background."""

    def __init__(self, server, last_id=None, query=""):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        self.connection.request("GET", "/events" + query, headers={"Last-Event-ID": last_id} if last_id else {})
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200, self.answer.status
        assert self.answer.getheader("Content-Type").startswith("text/event-stream")
        self.events, self.comments = [], 0
        threading.Thread(target=self.read, daemon=True).start()
        wait_until(lambda: self.comments or self.events, 10, "the stream greets")

    def read(self):
        event = {}
        try:
            while line := self.answer.readline():
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name:
                    event[name] = value
                elif not line.startswith(b":") and "data" in event:
                    self.events.append(event)
                    event = {}
                else:
                    event = {}
                if line.startswith(b":"):
                    self.comments += 1
        except (OSError, ValueError, AttributeError, http.client.HTTPException):
            pass  # the other side was closed

    def close(self):
        self.connection.sock.shutdown(2) if self.connection.sock else self.answer.close()
        self.connection.close()

    def numbered(self):
        return [e for e in list(self.events) if "id" in e and e.get("event") != "reset"]
