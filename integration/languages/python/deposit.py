"""Makes one deposit with grpcio alone and prints how it ended as JSON.

Arguments: target, operation id, idempotency key, and the service config as JSON if there is one.
"""

import json
import sys

import grpc

from bank import deposit_method, deposit_request

target, operation_id, key, service_config = (sys.argv[1:] + ["{}"])[:4]
with grpc.insecure_channel(target, options=[("grpc.service_config", service_config)]) as channel:
    request = deposit_request(int(operation_id), "python", 100)
    try:
        reply = deposit_method(channel)(
            request, timeout=10, wait_for_ready=True, metadata=(("idempotency-key", key),)
        )
        print(json.dumps({"code": "OK", "reply": reply}))
    except grpc.RpcError as error:
        trailers = {entry.key: entry.value for entry in error.trailing_metadata() or ()}
        print(
            json.dumps(
                {"code": error.code().name, "details": error.details(), "primary": trailers.get("understudy-primary")}
            )
        )
