"""Makes one deposit with grpcio alone and prints how it ended as JSON.

Arguments: address, operation id, idempotency key. The few bytes of protobuf are written by hand, so that nothing has
to be generated.
"""

import json
import sys

import grpc


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def deposit_request(operation_id, account, amount_cents):
    name = account.encode()
    return (
        b"\x08" + varint(operation_id) + b"\x12" + varint(len(name)) + name + b"\x18" + varint(amount_cents)
    )


def receipt(data):
    """All fields of bank.v1.Receipt are varints."""
    numbers, value, shift = [], 0, 0
    for byte in data:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            numbers.append(value)
            value, shift = 0, 0
    fields = dict(zip([tag >> 3 for tag in numbers[::2]], numbers[1::2]))
    return {"operationId": fields.get(1, 0), "sequence": fields.get(2, 0), "balanceCents": fields.get(3, 0)}


address, operation_id, key = sys.argv[1], int(sys.argv[2]), sys.argv[3]
with grpc.insecure_channel(address) as channel:
    call = channel.unary_unary(
        "/bank.v1.Bank/Deposit", request_serializer=lambda data: data, response_deserializer=receipt
    )
    request = deposit_request(operation_id, "python", 100)
    try:
        reply = call(request, timeout=10, wait_for_ready=True, metadata=(("idempotency-key", key),))
        print(json.dumps({"code": "OK", "reply": reply}))
    except grpc.RpcError as error:
        trailers = {entry.key: entry.value for entry in error.trailing_metadata() or ()}
        print(
            json.dumps(
                {"code": error.code().name, "details": error.details(), "primary": trailers.get("understudy-primary")}
            )
        )
