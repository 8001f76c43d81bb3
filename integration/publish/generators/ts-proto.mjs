/** A till by ts-proto, for grpc-js. */
import { createRequire } from 'node:module';

const { Kind, TillService } = createRequire(import.meta.url)('./gen/till.cjs');

export const sale = { ownerName: 'alice', cents: '5', kind: Kind.CARD, items: { pear: 1, apple: 2 }, code: 'x' };

export function makeTill() {
  let total = 0;
  let items = {};
  return {
    state: {
      checkpoint: () => Buffer.from(JSON.stringify({ total, items })),
      restore: (bytes) => ({ total, items } = JSON.parse(Buffer.from(bytes).toString())),
    },
    addTo: (server) =>
      server.addService(TillService, {
        sell({ request }, reply) {
          total += Number(request.cents);
          for (const [name, count] of Object.entries(request.items)) items[name] = (items[name] ?? 0) + count;
          const proof = request.code === undefined ? 'scan' : 'code';
          reply(null, { totalCents: String(total), lastKind: request.kind, items, proof });
        },
      }),
  };
}

export const view = ({ totalCents, lastKind, items, proof }) => ({
  ...{ total: Number(totalCents), isCard: lastKind === Kind.CARD, items, proof },
});
