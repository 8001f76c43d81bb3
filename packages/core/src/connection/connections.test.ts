import { expect, it } from 'vitest';
import { connectionId, type OrderNum, type SeqNum, type Term } from '../model/ids.js';
import { sessionOf } from '../testing/world/identity.js';
import { Connections } from './connections.js';

const BUDGETS = { keyedBytes: 1024, sessionBytes: 1024, totalBytes: 4096 };
const PLAIN = connectionId('plain', '00000000000000000000000000000001');

const restOfCheckpoint = { term: 1 as Term, timeMs: 0, digest: 0, state: [], armed: [], fired: [] };

it.each([
  ['session', sessionOf(1)],
  ['plain client', PLAIN],
])('a checkpoint that covers the end of a stream of a %s ends it on the replica that restores it', (_who, id) => {
  const primary = new Connections(BUDGETS);
  primary.open(id);
  const backup = new Connections(BUDGETS);
  const stream = backup.open(id).openStream(1 as SeqNum, '/log.Log/Stream');
  stream.append(1 as OrderNum, { kind: 'message', message: new Uint8Array(9) }, 0);
  const orderNum = 5 as OrderNum;
  backup.restore({ ...restOfCheckpoint, orderNum, ...primary.snapshot(orderNum) });
  expect(backup.open(id).streams.size).toBe(0);
  expect(backup.usage.bytes).toBe(primary.usage.bytes);
});
