/** A till by proto-loader, with one of these sets of options. */
import grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const OPTIONS = {
  none: {},
  texts: { keepCase: true, longs: String, enums: String, bytes: String, defaults: true, oneofs: true },
  objects: { longs: Number, arrays: true, objects: true, oneofs: true },
};
const options = OPTIONS[process.argv[3]];
const { Till } = grpc.loadPackageDefinition(loadSync('till.proto', options)).till.v1;

const named = (name) => (options.keepCase ? name : name.replace(/_(\w)/, (_, letter) => letter.toUpperCase()));

export const sale = {
  [named('owner_name')]: 'alice',
  cents: '5',
  kind: 'CARD',
  items: { pear: 1, apple: 2 },
  code: 'x',
};

export function makeTill() {
  let total = 0;
  let items = {};
  return {
    state: {
      checkpoint: () => Buffer.from(JSON.stringify({ total, items })),
      restore: (bytes) => ({ total, items } = JSON.parse(Buffer.from(bytes).toString())),
    },
    addTo: (server) =>
      server.addService(Till.service, {
        sell({ request }, reply) {
          total += Number(request.cents);
          for (const [name, count] of Object.entries(request.items)) items[name] = (items[name] ?? 0) + count;
          const proof = options.oneofs ? request.proof : 'code';
          reply(null, { [named('total_cents')]: total, [named('last_kind')]: request.kind, items, proof });
        },
      }),
  };
}

export function view(receipt) {
  const kind = receipt[named('last_kind')];
  const { items, proof } = receipt;
  return { total: Number(receipt[named('total_cents')]), isCard: kind === 'CARD' || kind === 2, items, proof };
}
