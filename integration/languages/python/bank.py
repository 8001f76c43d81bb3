"""The few bytes of bank.v1, written by hand so that nothing has to be generated."""


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


def deposit_method(channel):
    return channel.unary_unary(
        "/bank.v1.Bank/Deposit", request_serializer=lambda data: data, response_deserializer=receipt
    )
