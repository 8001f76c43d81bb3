import { memoryCoordinator } from '@understudy/coordinator-embedded';
import type { Term } from '@understudy/core';
import { NO_SEQ, NO_TERM, type SeqNum } from '@understudy/core/internal';
import { HEADER_KEY } from '@understudy/grpc-common';
import { connectionOf, encodeRpcRequestHeader, encodeSessionFrame, SECRET_BYTES } from '@understudy/wire';
import { afterEach, expect, it } from 'vitest';
import { counterService } from '../testing/counter.js';
import { RawStream } from '../testing/links/raw-stream.js';
import { type Answer, type Node, SHORT_LEASE_MS, Stage } from '../testing/stage.js';

const SECRET = Buffer.alloc(SECRET_BYTES, 1);

let stage: Stage;
const streams: RawStream[] = [];
afterEach(async () => {
  for (const stream of streams.splice(0)) stream.close();
  await stage.end();
});

const connection = connectionOf(SECRET);

/** A session's link on which a test says what it likes. */
async function linkTo(node: Node): Promise<RawStream> {
  const stream = new RawStream(node.address, '/understudy.v1.Multicast/Connect').listen();
  streams.push(stream);
  const hello = { connection, fresh: true, term: NO_TERM, repliesSeenUpTo: NO_SEQ, sentAtMs: 1, settings: 0 };
  stream.send(encodeSessionFrame({ kind: 'hello', group: 'counters', ...hello }, SECRET));
  await stream.next();
  return stream;
}

function add(stream: RawStream, seqNum: number, id: string): void {
  const { path, requestSerialize } = counterService.Add;
  const request = { method: path, message: requestSerialize({ id, by: 1 }) };
  const header = { term: 1 as Term, sentAtMs: 2, repliesSeenUpTo: NO_SEQ, destOrderInfo: [], closing: false };
  const requests = [{ seqNum: seqNum as SeqNum, request, awaitStable: false }];
  stream.send(encodeSessionFrame({ kind: 'multicast', header, requests, reads: [], streams: [] }, SECRET));
}

/** The same call as an RPC of its own. */
function addByRpc(node: Node, seqNum: number, id: string): Promise<Answer> {
  const header = { term: 1 as Term, sentAtMs: 2, repliesSeenUpTo: NO_SEQ, destOrderInfo: [], closing: false };
  const carried = { connection, seqNum: seqNum as SeqNum, awaitStable: false, header };
  const bytes = Buffer.from(encodeRpcRequestHeader(carried, SECRET));
  return node.call('Add', { id, by: 1 }, { [HEADER_KEY]: bytes });
}

const settled = (nodes: readonly Node[], orders: number) => () =>
  nodes.every(({ status }) => status.processedUpTo === orders);

it.each(['semi-active', 'passive'])(
  'a client that sends a backup another message under the same number changes nothing there (%s)',
  async (replication) => {
    stage = new Stage(memoryCoordinator(), { replication, leaseMs: SHORT_LEASE_MS });
    const [primary, backup] = (await stage.startGroup(2)) as [Node, Node];
    await stage.until(() => primary.status.inSync.length === 2);
    const toBackup = await linkTo(backup);
    const toPrimary = await linkTo(primary);
    add(toBackup, 1, 'forged');
    await stage.until(() => backup.status.unordered === 1);
    add(toPrimary, 1, 'asked');
    await stage.until(() => backup.status.heldUpTo === 1);
    add(toBackup, 2, 'forged again');
    add(toPrimary, 2, 'asked again');
    await stage.until(() => backup.status.heldUpTo === 2);
    expect(backup.status.refusedBodies).toBeGreaterThan(0);
    expect(stage.logged.filter((line) => line.includes('different messages under one number'))).toHaveLength(1);
    expect(stage.logged.join()).not.toContain('forged');

    primary.crash();
    await stage.until(() => backup.status.role === 'primary' && settled([backup], 2)());
    expect(backup.counter.ids).toEqual(['asked', 'asked again']);
  },
);

it.each(['semi-active', 'passive'])(
  'a client that sends the primary a call as an RPC and the backup another message in a frame changes nothing there (%s)',
  async (replication) => {
    stage = new Stage(memoryCoordinator(), { carrier: 'rpc', replication, leaseMs: SHORT_LEASE_MS });
    const [primary, backup] = (await stage.startGroup(2)) as [Node, Node];
    await stage.until(() => primary.status.inSync.length === 2);
    const toBackup = await linkTo(backup);
    const toPrimary = await linkTo(primary);
    add(toBackup, 1, 'forged');
    await stage.until(() => backup.status.unordered === 1);
    expect(await addByRpc(primary, 1, 'asked')).toEqual({ error: null, value: 1 });
    await stage.until(() => backup.status.heldUpTo === 1);
    // Nor does the other message count at the primary, where it comes in a frame after the RPC.
    add(toPrimary, 1, 'forged');
    expect(await addByRpc(primary, 2, 'asked again')).toEqual({ error: null, value: 2 });
    await stage.until(() => backup.status.heldUpTo === 2);
    expect(backup.status.refusedBodies).toBe(1);
    expect(primary.status.refusedBodies).toBe(0);

    primary.crash();
    await stage.until(() => backup.status.role === 'primary' && settled([backup], 2)());
    expect(backup.counter.ids).toEqual(['asked', 'asked again']);
    // The RPC comes again, with the body that was forged: it gets the reply to what was ordered.
    expect(await addByRpc(backup, 1, 'forged')).toEqual({ error: null, value: 1 });
  },
);
