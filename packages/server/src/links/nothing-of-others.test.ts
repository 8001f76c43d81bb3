import { Client, credentials, Metadata, ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import type { Term } from '@understudy/core';
import { connectionHex, NO_SEQ, type OrderInfo, type ReplyFrame, type SeqNum } from '@understudy/core/internal';
import { HEADER_KEY } from '@understudy/grpc-common';
import { connectionOf, decodeReplyFrame, encodeOrders, encodeRpcRequestHeader, unwrapFrame } from '@understudy/wire';
import { afterEach, expect, it } from 'vitest';
import { AesOrderSeal } from '../lives/order-seal.js';
import { counterService } from '../testing/counter.js';
import { addition, EMPTY, HEADER, RawSession, secretOf } from '../testing/links/raw-session.js';
import { type Node, SHORT_LEASE_MS, Stage } from '../testing/stage.js';

let stage: Stage;
const sessions: RawSession[] = [];
afterEach(async () => {
  for (const { stream } of sessions.splice(0)) stream.close();
  await stage.end();
});

const [ALICE, BOB] = [secretOf(0xa1), secretOf(0xb0)];
const TOKEN = 'the token of alice';
const READS = { methods: [{ name: [{ service: 'test.Counter', method: 'Get' }], readOnly: true }] };

async function sessionOn(node: Node, secret: Uint8Array): Promise<RawSession> {
  const session = new RawSession(node, secret);
  sessions.push(session);
  await session.hello();
  session.send(EMPTY);
  return session;
}

/** An interceptor that puts what it made of the token into the order, and notes where calls with it come from. */
function naming(peers: Set<string>): ServerInterceptor {
  return (_method, call) =>
    new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata(metadata, go) {
            const [token] = metadata.get('authorization');
            if (token !== undefined) {
              peers.add(call.getPeer());
              metadata.set('x-named', `made of ${token}`);
            }
            go(metadata);
          },
        }),
    });
}

/** The metadata of the reply to a call of Bob's that travels as an RPC. */
function trailersOf(node: Node, seqNum: SeqNum): Promise<readonly Buffer[]> {
  const carried = { connection: connectionOf(BOB), seqNum, awaitStable: false, header: HEADER };
  const metadata = new Metadata();
  metadata.set(HEADER_KEY, Buffer.from(encodeRpcRequestHeader(carried, BOB)));
  const client = new Client(node.address, credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = counterService.Add;
  return new Promise((resolve) => {
    const seen: Buffer[] = [];
    const note = (each: Metadata): void => {
      seen.push(Buffer.from(JSON.stringify(each.getMap())), ...each.get(HEADER_KEY).map((value) => Buffer.from(value)));
    };
    const call = client.makeUnaryRequest(
      ...([path, requestSerialize, responseDeserialize, { id: 'bob', by: 1 }, metadata] as const),
      () => {},
    );
    call.on('metadata', note);
    call.on('status', (status) => {
      note(status.metadata);
      client.close();
      resolve(seen);
    });
  });
}

it("a client is sent nothing of another's ids, address or token, neither in the open nor within orders", async () => {
  const peers = new Set<string>();
  const settings = { multicast: 'destination', leaseMs: SHORT_LEASE_MS, ...READS };
  stage = new Stage(memoryCoordinator(), settings, [naming(peers)]);
  const primary = await stage.start('r1');
  // Its settings are in force once it is primary, and sessions are told of them.
  const others = { loadBalancingConfig: [{ understudy: { group: 'counters', ...settings, release: 'acknowledged' } }] };
  const backup = await stage.start('r2', { serviceConfig: others });
  await stage.until(() => primary.status.inSync.length === 2);
  const [alice, bob, atBackup] = [
    await sessionOn(primary, ALICE),
    await sessionOn(primary, BOB),
    await sessionOn(backup, BOB),
  ];
  await sessionOn(backup, ALICE);

  const record = await stage.coordinator('counters').read();
  const seal = new AesOrderSeal({ group: 'counters', secrets: () => [] });
  const heard = (): ReplyFrame[] =>
    [bob, atBackup].flatMap(({ stream }) => stream.raw.map((raw) => decodeReplyFrame(unwrapFrame(raw))));
  /** The orders that Bob carries, as the replicas can read them. */
  const carried = (): OrderInfo[] =>
    heard().flatMap((frame) => {
      const boxes = frame.kind === 'replies' ? frame.header.sourceOrderInfo : [];
      return boxes.flatMap((box) => seal.open(record?.secret ?? '', connectionOf(BOB), box) ?? []);
    });
  const ofAlice = (): OrderInfo[] =>
    carried().filter((info) => 'connection' in info && info.connection === connectionOf(ALICE));
  let calls = 0;
  while (calls < 20 || (ofAlice().length === 0 && calls < 1_000)) {
    calls++;
    alice.request(calls, { ...addition('alice'), metadata: [['authorization', TOKEN]] });
    const reads = [{ readId: calls, request: { method: counterService.Get.path, message: Buffer.from('null') } }];
    const requests = [{ seqNum: calls as SeqNum, request: addition('bob'), awaitStable: false }];
    bob.send({ ...EMPTY, requests, reads });
    await Promise.all([alice.reply(), bob.reply()]);
  }
  const trailers = await trailersOf(primary, (calls + 1) as SeqNum);
  // Bob does carry what there is to know of Alice, and could not be told from one who reads it but for the seal.
  const hidden = Buffer.concat(ofAlice().map((info) => Buffer.from(encodeOrders([info]))));
  expect(hidden.includes(`made of ${TOKEN}`)).toBe(true);

  primary.crash();
  await stage.until(() => heard().some(({ kind }) => kind === 'newTerm'));
  atBackup.send({
    ...{ kind: 'collected', term: 2 as Term, orders: [], retained: [], outstanding: [], streams: [] },
    ...{ sentUpTo: (calls + 1) as SeqNum, repliesSeenUpTo: NO_SEQ, sentAtMs: 3 },
  });
  await stage.until(() => heard().some(({ kind }) => kind === 'settings'));
  const kinds = new Set(heard().map(({ kind }) => kind));
  expect([...kinds].sort()).toEqual(expect.arrayContaining(['newTerm', 'replies', 'settings', 'welcome']));
  expect(heard().some((frame) => frame.kind === 'replies' && frame.reads.length > 0)).toBe(true);

  expect(peers.size).toBe(1);
  const hex = connectionHex(connectionOf(ALICE));
  const needles = [TOKEN, ...peers, hex, Buffer.from(hex, 'hex'), Buffer.from(ALICE)];
  for (const bytes of [...bob.stream.raw, ...atBackup.stream.raw, ...trailers]) {
    for (const needle of needles) expect(bytes.includes(needle)).toBe(false);
  }
});
