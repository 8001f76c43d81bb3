import { Client, credentials, Metadata, type ServiceError, type StatusObject } from '@grpc/grpc-js';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import type { OrderNum, Term } from '@understudy/core';
import type { RpcReplyHeader, SealedOrders, SeqNum } from '@understudy/core/internal';
import { HEADER_KEY } from '@understudy/grpc-common';
import { connectionOf, decodeRpcReplyHeader, encodeRpcRequestHeader } from '@understudy/wire';
import { afterEach, describe, expect, it } from 'vitest';
import { counterService } from '../testing/counter.js';
import { EMPTY, HEADER, RawSession, secretOf } from '../testing/links/raw-session.js';
import { type Node, Stage } from '../testing/stage.js';

let stage: Stage;
const sessions: RawSession[] = [];
afterEach(async () => {
  for (const { stream } of sessions.splice(0)) stream.close();
  await stage.end();
});

describe('a call with garbage in its header', () => {
  it('ends with the reason and changes nothing else', async () => {
    stage = new Stage(memoryCoordinator());
    const [node] = await stage.startGroup(1);
    if (node === undefined) throw new Error('no replica');
    for (const bytes of [Buffer.from([255, 1, 2]), Buffer.alloc(300, 7)]) {
      const { error } = await node.call('Add', { id: 'garbage', by: 1 }, { 'understudy-header-bin': bytes });
      expect(error).toMatchObject({ code: 3 });
      expect(error?.metadata.get('understudy-code')).toEqual(['UNDERSTUDY_MALFORMED']);
    }
    expect(node.counter.ids).toEqual([]);
    expect(node.status.processedUpTo).toBe(0);
    expect(await node.add('a', 1)).toEqual({ error: null, value: 1 });
  });
});

/** A call of a session as an RPC of its own, with the header of its reply. */
interface RpcAnswer {
  readonly error: ServiceError | null;
  readonly value: unknown;
  readonly header: RpcReplyHeader | undefined;
}

describe('orders in the header of an RPC', () => {
  const SECRET = secretOf(1);

  function addWith(node: Node, seqNum: number, destOrderInfo: readonly SealedOrders[]): Promise<RpcAnswer> {
    const header = { ...HEADER, destOrderInfo };
    const carried = { connection: connectionOf(SECRET), seqNum: seqNum as SeqNum, awaitStable: false, header };
    const metadata = new Metadata();
    metadata.set(HEADER_KEY, Buffer.from(encodeRpcRequestHeader(carried, SECRET)));
    const client = new Client(node.address, credentials.createInsecure());
    const { path, requestSerialize, responseDeserialize } = counterService.Add;
    return new Promise((resolve) => {
      let outcome: Pick<RpcAnswer, 'error' | 'value'> = { error: null, value: undefined };
      const call = client.makeUnaryRequest(
        ...([path, requestSerialize, responseDeserialize, { id: `call ${seqNum}`, by: 1 }, metadata] as const),
        (error, value) => {
          outcome = { error, value };
        },
      );
      let early: Metadata | undefined;
      call.on('metadata', (initial: Metadata) => {
        early = initial;
      });
      call.on('status', ({ metadata: trailers }: StatusObject) => {
        client.close();
        const bytes = [early, trailers].flatMap((each) => each?.get(HEADER_KEY) ?? [])[0];
        resolve({ ...outcome, header: bytes instanceof Uint8Array ? decodeRpcReplyHeader(bytes) : undefined });
      });
    });
  }

  it.each(['direct', 'destination'])(
    'have no effect, whether they are forged or replayed, since clients reflect orders in frames (%s)',
    async (multicast) => {
      stage = new Stage(memoryCoordinator(), { carrier: 'rpc', multicast });
      const [primary, backup] = (await stage.startGroup(2)) as [Node, Node];
      await stage.until(() => primary.status.inSync.length === 2);
      for (const node of [primary, backup]) {
        const session = new RawSession(node, SECRET);
        sessions.push(session);
        await session.hello();
        session.send(EMPTY);
      }
      const forged = { term: 1 as Term, first: 1 as OrderNum, last: 3 as OrderNum, box: Buffer.alloc(64, 7) };
      const own: SealedOrders[] = [];
      let calls = 0;
      // Some replies leave before their orders are stable, and bring those.
      while (calls < 10 || (own.length === 0 && calls < 1_000)) {
        const { error, value, header } = await addWith(primary, ++calls, [...own.slice(-3), forged]);
        expect(error).toBeNull();
        expect(value).toBe(calls);
        own.push(...(header?.header.sourceOrderInfo ?? []));
      }
      expect(own).not.toEqual([]);
      await stage.until(() => backup.status.processedUpTo === calls);
      for (const { status, counter } of [primary, backup]) {
        expect(status).toMatchObject({ forgedOrders: 0, processedUpTo: calls, sessions: 1 });
        expect(counter.value).toBe(calls);
      }
    },
  );
});
