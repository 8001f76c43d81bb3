/** The attacks of a hostile client: each is a way to make replicas work, keep or answer more than they should. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import * as grpc from '@grpc/grpc-js';
import {
  type MulticastFrame,
  NO_SEQ,
  NO_TERM,
  type SealedOrders,
  type SeqNum,
  type SeqRequest,
  type SessionFrame,
} from '@understudy/core/internal';
import { HostileFrames, type HostileRpc } from '@understudy/core/testing';
import { Chunker, wrapFrame } from '@understudy/wire';
import { monotonicMs } from '../hosting/clock.js';
import type { AttackName, AttackResult } from './messages.js';
import { RawSession } from './raw-session.js';
import { TARGET_GROUP, targetService } from './target.js';

const KIB = 1024;
const TURN_MS = 5;
const RPC_DEADLINE_MS = 2_000;

/** Everything that an attack needs: the replicas, a signal to end, and the counts of its actions. */
export class Attack {
  readonly primary: string;
  readonly backup: string;
  readonly addresses: readonly string[];
  readonly endsAtMs: number;
  #frames = 0;
  #bytes = 0;
  readonly #refusals: Record<string, number> = {};

  constructor(addresses: readonly string[], endsAtMs: number) {
    const [primary = '', backup = ''] = addresses;
    this.primary = primary;
    this.backup = backup;
    this.addresses = addresses;
    this.endsAtMs = endsAtMs;
  }

  get goesOn(): boolean {
    return monotonicMs() < this.endsAtMs;
  }

  /** @param hears what is done with the orders that a replica has the session carry */
  session(address: string, hears: (orders: readonly SealedOrders[]) => void = () => {}): RawSession {
    return new RawSession(
      address,
      (frame) => {
        if (frame.kind === 'refused') this.refused(frame.code);
        if (frame.kind !== 'replies') return;
        hears(frame.header.sourceOrderInfo);
        for (const { outcome } of frame.replies) if (outcome.kind === 'reply') this.#answered(outcome);
      },
      (status) => this.#answered(status),
    );
  }

  /** Sends a frame. It counts if its link was open. */
  async put(session: RawSession, frame: SessionFrame, bytes = 0): Promise<void> {
    if (await session.send(frame)) this.sent(bytes);
  }

  /** Makes a call of a session as an RPC of its own, and waits for nothing. */
  rpc(client: grpc.Client, session: RawSession, rpc: HostileRpc): void {
    const { request } = rpc;
    this.sent(request.message.length);
    const { requestSerialize, responseDeserialize } = targetService.Count;
    client.makeUnaryRequest(
      request.method || targetService.Count.path,
      requestSerialize,
      responseDeserialize,
      Buffer.from(request.message),
      session.metadataOf(rpc),
      { deadline: Date.now() + RPC_DEADLINE_MS },
      (error) => {
        if (error !== null) this.#answered(error);
      },
    );
  }

  sent(bytes: number): void {
    this.#frames += 1;
    this.#bytes += bytes;
  }

  refused(code: string): void {
    this.#refusals[code] = (this.#refusals[code] ?? 0) + 1;
  }

  result(attack: AttackName): AttackResult {
    return { attack, frames: this.#frames, bytes: this.#bytes, refusals: this.#refusals };
  }

  #answered({ code, details }: { readonly code: number; readonly details: string }): void {
    if (code !== grpc.status.OK) this.refused(/UNDERSTUDY_\w+/.exec(details)?.[0] ?? grpc.status[code] ?? `${code}`);
  }
}

const multicast = (requests: readonly SeqRequest[], repliesSeenUpTo: SeqNum = NO_SEQ): MulticastFrame => ({
  kind: 'multicast',
  header: { term: NO_TERM, sentAtMs: monotonicMs(), repliesSeenUpTo, destOrderInfo: [], closing: false },
  requests,
  reads: [],
  streams: [],
});

const request = (seqNum: number, path: string, bytes: number): SeqRequest => ({
  seqNum: seqNum as SeqNum,
  request: { method: path, message: Buffer.alloc(bytes, 1) },
  awaitStable: false,
});

/** Repeats the action of one session until the attack ends. */
async function again(attack: Attack, address: string, act: (session: RawSession) => Promise<void>): Promise<void> {
  while (attack.goesOn) {
    const session = attack.session(address);
    await session.hello();
    await act(session);
    session.close();
    await sleep(TURN_MS);
  }
}

const { Count, Big, Look, Talk } = targetService;

export const ATTACKS: Readonly<Record<AttackName, (attack: Attack, seed: number) => Promise<void>>> = {
  /** Frames that every decoder accepts, in any order, with any numbers, to any replica. */
  async legal(attack: Attack, seed: number) {
    const frames = new HostileFrames(seed, TARGET_GROUP, { call: Count.path, stream: Talk.path, read: Look.path });
    const open = (address: string): RawSession => attack.session(address, (orders) => frames.learn(orders));
    const sessions = attack.addresses.map(open);
    const clients = attack.addresses.map((address) => new grpc.Client(address, grpc.credentials.createInsecure()));
    while (attack.goesOn) {
      const at = frames.below(sessions.length);
      let session = sessions[at];
      if (session === undefined || session.over || frames.below(300) === 0) {
        session?.close();
        session = open(attack.addresses[at] ?? '');
        sessions[at] = session;
        await session.hello();
      }
      for (let i = frames.below(64); i > 0; i--) await attack.put(session, frames.frame(monotonicMs()));
      const client = clients[frames.below(clients.length)];
      if (client !== undefined) attack.rpc(client, session, frames.rpc(monotonicMs()));
      await sleep(0);
    }
    for (const session of sessions) session.close();
    for (const client of clients) client.close();
  },

  /** Asks for large replies, acknowledges none and reads none. */
  replies: (attack: Attack) =>
    again(attack, attack.primary, async (session) => {
      session.ignore();
      for (let i = 1; i < 3_000 && !session.over && attack.goesOn; i++) {
        await attack.put(session, multicast([request(i, Big.path, 1)]));
        if (i % 20 === 0) await sleep(TURN_MS);
      }
    }),

  /** Calls under ever new idempotency keys, each with a reply of a mebibyte. */
  async keys(attack: Attack) {
    const client = new grpc.Client(attack.primary, grpc.credentials.createInsecure());
    const call = (): Promise<void> =>
      new Promise((resolve) => {
        const metadata = new grpc.Metadata();
        metadata.set('idempotency-key', randomUUID());
        attack.sent(0);
        const { path, requestSerialize, responseDeserialize } = Big;
        client.makeUnaryRequest(path, requestSerialize, responseDeserialize, Buffer.alloc(1), metadata, (error) => {
          if (error !== null) attack.refused(/UNDERSTUDY_\w+/.exec(error.details)?.[0] ?? grpc.status[error.code]);
          resolve();
        });
      });
    const one = async (): Promise<void> => {
      while (attack.goesOn) await call();
    };
    await Promise.all(Array.from({ length: 8 }, one));
    client.close();
  },

  /** Gives bodies to a backup alone, and never the first one. */
  bodies: (attack: Attack) =>
    again(attack, attack.backup, async (session) => {
      for (let i = 2; i < 60_000 && !session.over && attack.goesOn; i++) {
        await attack.put(session, multicast([request(i, Count.path, 64 * KIB)]), 64 * KIB);
        if (i % 50 === 0) await sleep(1);
      }
    }),

  /** Moves its window on and on, so that every body is far from the others. */
  windows: (attack: Attack) =>
    again(attack, attack.backup, async (session) => {
      for (let i = 1; i < 100_000 && !session.over && attack.goesOn; i++) {
        const seen = (i * 60_000) as SeqNum;
        await attack.put(session, multicast([request(seen + 1, Count.path, 16 * KIB)], seen), 16 * KIB);
        if (i % 50 === 0) await sleep(1);
      }
    }),

  /** Begins large frames on many links and ends none of them. */
  async parts(attack: Attack) {
    const [part = Buffer.alloc(0)] = new Chunker().split(Buffer.alloc(2 * KIB * KIB)).map(wrapFrame);
    while (attack.goesOn) {
      const sessions = Array.from({ length: 20 }, () => attack.session(attack.primary));
      for (const session of sessions.slice(10)) await session.hello();
      for (let i = 0; i < 40 && attack.goesOn; i++) {
        await Promise.all(
          sessions.map(async (session) => {
            if (await session.sendRaw(part)) attack.sent(part.length);
          }),
        );
        await sleep(TURN_MS);
      }
      for (const session of sessions) session.close();
      await sleep(TURN_MS);
    }
  },

  /** Opens sessions without end: each leaves a body and goes. */
  visits: (attack: Attack) =>
    again(attack, attack.backup, async (session) => {
      await attack.put(session, multicast([request(1, Count.path, 4 * KIB)]), 4 * KIB);
      await attack.put(session, { kind: 'goodbye' });
    }),

  /** Opens more sessions than a group has room for, and keeps them. */
  async sessions(attack: Attack) {
    const sessions = Array.from({ length: 1_200 }, () => attack.session(attack.primary));
    for (const session of sessions) await session.hello();
    while (attack.goesOn) {
      for (const session of sessions) if (!session.over) await attack.put(session, multicast([]));
      await sleep(100);
    }
    for (const session of sessions) session.close();
  },

  /** Opens streams, sends on them, and reads no item that comes. */
  streams: (attack: Attack) =>
    again(attack, attack.primary, async (session) => {
      let seqNum = 0;
      while (!session.over && attack.goesOn && seqNum < 30_000) {
        const of = ++seqNum as SeqNum;
        const open = { method: Talk.path, message: new Uint8Array(), stream: { kind: 'open' } } as const;
        await attack.put(session, multicast([{ seqNum: of, request: open, awaitStable: false }]));
        for (let position = 1; position <= 20; position++) {
          const message = { method: '', message: Buffer.alloc(1), stream: { kind: 'message', of, position } } as const;
          const next = ++seqNum as SeqNum;
          await attack.put(session, multicast([{ seqNum: next, request: message, awaitStable: false }]));
        }
        await sleep(1);
      }
    }),
};
