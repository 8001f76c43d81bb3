import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import {
  ACKED,
  ACKNOWLEDGED,
  DUTY,
  DUTY_FOLLOW,
  DUTY_LEAD,
  DUTY_NONE,
  FIRST_PEER,
  isOfTerm,
  LIFE_BYTES,
  msOf,
  PROCESS_BYTES,
  packedDuty,
} from './cells.js';
import { BEAT, HELLO, NONCE_BYTES, TICKET_BYTES } from './line.js';
import type { FromThread } from './messages.js';
import { Thread } from './thread.js';

const KEY = Buffer.alloc(32, 7);
const TICKET = '2a'.repeat(TICKET_BYTES);
const LIFE = 1;
const BEAT_MS = 10;

/** A thread that runs in this one, with one life. */
class Rig {
  readonly cells = new BigInt64Array(new SharedArrayBuffer(LIFE_BYTES));
  readonly thread: Thread;
  readonly told: FromThread[] = [];
  readonly ended: string[] = [];
  #watchers: (() => void)[] = [];

  constructor(blockedMaxMs = 60_000, shared = new SharedArrayBuffer(PROCESS_BYTES)) {
    const data = { understudyLiveness: true, shared, originNs: process.hrtime.bigint() } as const;
    const hear = (message: FromThread): void => {
      this.told.push(message);
      for (const look of this.#watchers) look();
    };
    this.thread = new Thread({ postMessage: hear }, data, (line) => this.ended.push(line));
    const life = { kind: 'life', life: LIFE, cells: this.cells.buffer, name: 'replica r1', beatMs: BEAT_MS } as const;
    this.thread.take({ ...life, cells: life.cells as SharedArrayBuffer, blockedMaxMs, copyMs: 0 });
  }

  async heard<K extends FromThread['kind']>(kind: K): Promise<FromThread & { kind: K }> {
    for (;;) {
      const found = this.told.find((message) => message.kind === kind);
      if (found !== undefined) return found as FromThread & { kind: K };
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
    }
  }

  async listen(): Promise<number> {
    this.thread.take({ kind: 'listen', id: 9, host: '127.0.0.1', port: 0 });
    return (await this.heard('listening')).port;
  }

  duty(kind: number, term: number): void {
    Atomics.store(this.cells, DUTY, packedDuty(kind, term));
  }

  end(): void {
    this.thread.take({ kind: 'lifeOver', life: LIFE });
    this.thread.take({ kind: 'unlisten', id: 9 });
  }
}

const rigs: Rig[] = [];
const rig = (...args: ConstructorParameters<typeof Rig>): Rig => {
  rigs.push(new Rig(...args));
  return rigs.at(-1) as Rig;
};
afterEach(() => {
  for (const each of rigs.splice(0)) each.end();
});

const until = async (isTrue: () => boolean): Promise<void> => {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 1));
};

/** A primary's thread that dials a backup's. */
async function pair(key = KEY): Promise<{ primary: Rig; backup: Rig; port: number }> {
  const [primary, backup] = [rig(), rig()];
  const port = await backup.listen();
  backup.thread.take({ kind: 'admit', life: LIFE, peer: 'r2', ticket: TICKET, key: KEY });
  primary.thread.take({ kind: 'dial', life: LIFE, slot: 0, host: '127.0.0.1', port, ticket: TICKET, key });
  return { primary, backup, port };
}

const acked = ({ cells }: Rig): bigint => Atomics.load(cells, FIRST_PEER + ACKED);

describe('heartbeats between two threads', () => {
  it('are acknowledged for a backup that follows that term, and no others are', async () => {
    const { primary, backup } = await pair();
    primary.duty(DUTY_LEAD, 3);
    backup.duty(DUTY_FOLLOW, 2);
    await until(() => Atomics.load(primary.cells, FIRST_PEER) !== 0n);
    expect(acked(primary)).toBe(0n);
    expect(Atomics.load(backup.cells, ACKNOWLEDGED)).toBe(0n);
    backup.duty(DUTY_FOLLOW, 3);
    await until(() => acked(primary) !== 0n);
    expect(isOfTerm(acked(primary), 3)).toBe(true);
    expect(isOfTerm(acked(primary), 2)).toBe(false);
    expect(Atomics.load(backup.cells, ACKNOWLEDGED)).not.toBe(0n);
  });

  it('are not acknowledged any more once the duty was taken back, and the last time is there to be read', async () => {
    const { primary, backup } = await pair();
    primary.duty(DUTY_LEAD, 1);
    backup.duty(DUTY_FOLLOW, 1);
    await until(() => acked(primary) !== 0n);
    backup.duty(DUTY_NONE, 0);
    const last = Atomics.load(backup.cells, ACKNOWLEDGED);
    await until(() => msOf(Atomics.load(primary.cells, FIRST_PEER)) > msOf(acked(primary)) + 100);
    expect(Atomics.load(backup.cells, ACKNOWLEDGED)).toBe(last);
    expect(msOf(acked(primary))).toBeLessThanOrEqual(primary.thread.nowMs);
  });

  it('do not reach a thread that has another key, and the main thread is told', async () => {
    const { primary, backup } = await pair(Buffer.alloc(32, 8));
    primary.duty(DUTY_LEAD, 1);
    backup.duty(DUTY_FOLLOW, 1);
    expect(await primary.heard('unreached')).toMatchObject({ slot: 0, reason: 'it does not prove who it is' });
    expect(acked(primary)).toBe(0n);
  });

  it('that are not let in are told of again once the other replica has let this one in anew', async () => {
    const key = Buffer.alloc(32, 8);
    const { primary, port } = await pair(key);
    const unreached = (): FromThread[] => primary.told.filter(({ kind }) => kind === 'unreached');
    await primary.heard('unreached');
    primary.thread.take({ kind: 'dial', life: LIFE, slot: 0, host: '127.0.0.1', port, ticket: TICKET, key });
    await until(() => unreached().length === 2);
  });

  it('end when the other replica expels this one', async () => {
    const { primary, backup } = await pair();
    primary.duty(DUTY_LEAD, 1);
    backup.duty(DUTY_FOLLOW, 1);
    await until(() => acked(primary) !== 0n);
    backup.thread.take({ kind: 'expel', life: LIFE, peer: 'r2' });
    expect(await primary.heard('unreached')).toMatchObject({ slot: 0 });
  });
});

describe('a stranger at the door of a thread', () => {
  const frame = (kind: number, payload: Buffer): Buffer => Buffer.concat([Buffer.of(payload.length, kind), payload]);
  const beat = Buffer.alloc(12);
  beat.writeUInt32BE(1);

  const closed = (socket: Socket): Promise<void> =>
    new Promise((resolve) => {
      socket.on('error', () => {});
      socket.on('close', () => resolve());
      socket.resume();
    });

  it.each([
    ['has no ticket', [frame(HELLO, Buffer.alloc(TICKET_BYTES + NONCE_BYTES))]],
    ['sends a heartbeat at once', [frame(BEAT, beat)]],
    [
      'has seen a ticket but not the key',
      [frame(HELLO, Buffer.from(TICKET + '00'.repeat(NONCE_BYTES), 'hex')), frame(3, Buffer.alloc(32))],
    ],
    ['sends garbage', [Buffer.alloc(10_000, 0xff)]],
  ])('is cut off if it %s', async (_what, sent) => {
    const backup = rig();
    const port = await backup.listen();
    backup.thread.take({ kind: 'admit', life: LIFE, peer: 'r2', ticket: TICKET, key: KEY });
    backup.duty(DUTY_FOLLOW, 1);
    const socket = connect({ host: '127.0.0.1', port });
    const over = closed(socket);
    for (const bytes of sent) socket.write(bytes);
    await over;
    expect(Atomics.load(backup.cells, ACKNOWLEDGED)).toBe(0n);
  });
});

describe('a main thread that does not turn', () => {
  it('is asked to, and ends the process when it may not be blocked any longer', async () => {
    const shared = new SharedArrayBuffer(PROCESS_BYTES);
    const ints = new Int32Array(shared, 0, 4);
    ints[1] = 1;
    const one = rig(100, shared);
    await one.heard('turning');
    await until(() => one.ended.length > 0);
    expect(one.ended[0]).toMatch(/replica r1: the event loop has been blocked for \d+ ms.*not begun to process any/);
  });

  it('does not end it if it must not', async () => {
    const one = rig(20);
    await one.heard('turning');
    expect(one.ended).toEqual([]);
  });
});
