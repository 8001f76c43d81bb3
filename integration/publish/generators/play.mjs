/** Sells before and after the death of a primary: node play.mjs MODULE [OPTIONS]. The module has a till by one code generator. */
import { inProcessGroup } from '@understudy/testing';

const { makeTill, sale, view } = await import(`./${process.argv[2]}`);
const group = await inProcessGroup(makeTill, { replicas: 2 });
const receipts = [];
const sell = async () => {
  const { code, details, reply } = await group.call('Sell', sale);
  if (code !== 0) throw new Error(`${code} ${details}`);
  receipts.push(view(reply));
};
await sell();
await group.killPrimary();
await sell();
await group.rejoin();
await sell();
await group.settled();
const digests = new Set(Object.values(await group.digests()));
await group.close();
console.log(JSON.stringify({ receipts, states: digests.size }));
