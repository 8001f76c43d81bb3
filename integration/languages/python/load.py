"""Keeps deposits in flight with grpcio and a service config, until its standard input ends.

Arguments: target, service config as JSON, number of calls in flight. Each call has a key of its own. gRPC tries again
what it may; a call whose answer had begun to arrive when the replica died is tried again here, with the same key. Prints
a line with the number of replies now and then, and at the end one with the result as JSON.
"""

import json
import sys
import threading
import time

import grpc

from bank import deposit_method, deposit_request

REPORT_EVERY = 50
WITHIN_S = 120
TRANSIENT = (grpc.StatusCode.ABORTED, grpc.StatusCode.UNAVAILABLE)

target, service_config, in_flight = sys.argv[1], sys.argv[2], int(sys.argv[3])
lock = threading.Lock()
stopped = threading.Event()
operations = 0
tried_again = 0
replies = []
failures = []
last_reply_at = None
longest_gap_s = 0.0


def note(reply):
    global last_reply_at, longest_gap_s
    now = time.monotonic()
    if last_reply_at is not None:
        longest_gap_s = max(longest_gap_s, now - last_reply_at)
    last_reply_at = now
    replies.append(reply)
    if len(replies) % REPORT_EVERY == 0:
        print(len(replies), flush=True)


def patiently(deposit, operation_id):
    """Tries again with the same key what gRPC gave up."""
    global tried_again
    until = time.monotonic() + WITHIN_S
    while True:
        try:
            return deposit(
                deposit_request(operation_id, "python", 100),
                timeout=until - time.monotonic(),
                metadata=(("idempotency-key", f"key-{operation_id}"),),
            )
        except grpc.RpcError as error:
            if error.code() not in TRANSIENT:
                raise
            with lock:
                tried_again += 1


def caller(deposit):
    global operations
    while not stopped.is_set():
        with lock:
            operations += 1
            operation_id = operations
        try:
            reply = patiently(deposit, operation_id)
        except grpc.RpcError as error:
            with lock:
                failures.append(f"{error.code().name}: {error.details()}")
        else:
            with lock:
                note(reply)


with grpc.insecure_channel(target, options=[("grpc.service_config", service_config)]) as channel:
    threads = [threading.Thread(target=caller, args=(deposit_method(channel),)) for _ in range(in_flight)]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    stopped.set()
    for thread in threads:
        thread.join()
result = {
    "replies": replies,
    "failures": failures,
    "triedAgain": tried_again,
    "longestGapMs": longest_gap_s * 1000,
}
print(json.dumps(result))
