/** A till by protoc-gen-es. Its methods become definitions of grpc-js by a few lines, whose serializers make Buffers. */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { create, fromBinary, toBinary } = require('@bufbuild/protobuf');
const { Kind, ReceiptSchema, SaleSchema, Till } = require('./gen/till_pb.js');

const serviceOf = (service) =>
  Object.fromEntries(
    service.methods.map(({ name, localName, methodKind, input, output }) => [
      localName,
      {
        path: `/${service.typeName}/${name}`,
        requestStream: methodKind === 'client_streaming' || methodKind === 'bidi_streaming',
        responseStream: methodKind === 'server_streaming' || methodKind === 'bidi_streaming',
        requestSerialize: (message) => Buffer.from(toBinary(input, message)),
        requestDeserialize: (bytes) => fromBinary(input, bytes),
        responseSerialize: (message) => Buffer.from(toBinary(output, message)),
        responseDeserialize: (bytes) => fromBinary(output, bytes),
      },
    ]),
  );

export const sale = create(SaleSchema, {
  ...{ ownerName: 'alice', cents: 5n, kind: Kind.CARD, items: { pear: 1, apple: 2 } },
  proof: { case: 'code', value: 'x' },
});

export function makeTill() {
  let total = 0;
  let items = {};
  return {
    state: {
      checkpoint: () => Buffer.from(JSON.stringify({ total, items })),
      restore: (bytes) => ({ total, items } = JSON.parse(Buffer.from(bytes).toString())),
    },
    addTo: (server) =>
      server.addService(serviceOf(Till), {
        sell({ request }, reply) {
          total += Number(request.cents);
          for (const [name, count] of Object.entries(request.items)) items[name] = (items[name] ?? 0) + count;
          const { kind: lastKind, proof } = request;
          reply(null, create(ReceiptSchema, { totalCents: BigInt(total), lastKind, items, proof: proof.case }));
        },
      }),
  };
}

export const view = ({ totalCents, lastKind, items, proof }) => ({
  ...{ total: Number(totalCents), isCard: lastKind === Kind.CARD, items, proof },
});
