"""
Small servers on a port of this machine, which answer one request after the other, or all at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer

from .worlds import Answered, Asked


@contextmanager
def listening(reply: Callable[[Asked, HTTPServer], Answered | None], *, at_once: bool = True) -> Iterator[str]:
    """
    Yield the address of a server that answers by *reply*; where that gives None it hangs up. It keeps no connection.
    """

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = reply(Asked(self.command, self.path, headers, body, 0), server)
            if answer is None:
                return
            self.send_response(answer.status)
            for name, value in {**answer.headers, "content-length": str(len(answer.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = handle_any  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    class Quiet(ThreadingHTTPServer if at_once else HTTPServer):  # type: ignore[misc]
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            pass  # who hangs up is no error of the server

    server = Quiet(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
