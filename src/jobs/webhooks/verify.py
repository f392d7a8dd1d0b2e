"""Checks webhooks of Nightdesk. Needs nothing but Python's standard library.

In a program of yours:

    event = Verifier(secret).check(request.headers, request.body)   # raises Refused or Known

By itself, to look at what arrives (each event is printed as one line of JSON):

    NIGHTDESK_WEBHOOK_SECRET=... python3 verify.py 9000
"""

import hashlib
import hmac
import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WINDOW = 5 * 60  # seconds that a delivery may be on its way
LONGEST = 1024 * 1024  # bytes of a body
REMEMBER = 7 * 24 * 3600  # seconds; longer than webhooks.give_up_hours


class Refused(Exception):
    """It is not from the desk, or it is old. Answer 401 and do nothing."""


class Known(Exception):
    """It was taken before: a retry of the desk's, or a replay. Do nothing again, and answer 200 so that it is not sent once more."""


class Verifier:
    def __init__(self, secret, clock=time.time):
        self.key = secret.encode()
        self.clock = clock
        # In memory it is forgotten with this program: keep it in the database in which the event itself is kept, and write both at once.
        self.taken = {}
        self.lock = threading.Lock()

    def check(self, headers, body):
        """The event, if it is genuine and new. `headers` has a `get`, `body` is the bytes as they came: parse nothing before this."""
        timestamp = headers.get("X-Nightdesk-Timestamp") or ""
        signature = headers.get("X-Nightdesk-Signature") or ""
        signed = hmac.new(self.key, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(f"sha256={signed}".encode(), signature.encode()):
            raise Refused("the signature does not fit")
        now = self.clock()
        if abs(now - int(timestamp)) > WINDOW:
            raise Refused("it is older or newer than five minutes")
        event = json.loads(body)
        # The header is not signed, the body is.
        if event["delivery"] != headers.get("X-Nightdesk-Delivery"):
            raise Refused("the delivery id is another one")
        with self.lock:
            self.taken = {known: at for known, at in self.taken.items() if now - at < REMEMBER}
            if event["delivery"] in self.taken:
                raise Known(event["delivery"])
            self.taken[event["delivery"]] = now
        return event


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 < length <= LONGEST:
            self.close_connection = True
            return self.answer(413, "too long")
        body = self.rfile.read(length)
        try:
            event = self.server.verifier.check(self.headers, body)
        except Refused as reason:
            return self.answer(401, str(reason))
        except Known:
            return self.answer(200, "known")
        # What takes long belongs into a queue: the desk waits for the answer, and sends again what was not answered.
        print(json.dumps(event), flush=True)
        self.answer(200, "taken")

    def answer(self, status, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver)
    server.verifier = Verifier(os.environ["NIGHTDESK_WEBHOOK_SECRET"])
    print(json.dumps({"port": server.server_port}), flush=True)
    server.serve_forever()
