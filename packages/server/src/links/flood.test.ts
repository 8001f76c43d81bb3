import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, credentials } from '@grpc/grpc-js';
import type { SeqNum, SessionFrame } from '@understudy/core/internal';
import { Chunker, encodeSessionFrame, wrapFrame } from '@understudy/wire';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { EMPTY, RawSession, secretOf } from '../testing/links/raw-session.js';
import { floodedService } from './testing/flooded-service.js';

// Runs what `npm run build` made.
const program = fileURLToPath(new URL('../../dist/links/testing/child-flooded.js', import.meta.url));
const coordinators = fileURLToPath(new URL('../../../coordinator-embedded/dist/index.js', import.meta.url));

const MIB = 1024 * 1024;
const BUDGETS = { sessionBytes: 8 * MIB, totalBytes: 32 * MIB, keyedBytes: 8 * MIB };
/** What the page on security says of the memory that a replica takes beyond what it had before. */
const MAY_GROW_BYTES = 4 * BUDGETS.totalBytes + 2 * BUDGETS.keyedBytes + 128 * MIB;
const FLOOD_MS = 7_000;
const SESSIONS = 12;

let directory: string;
let child: ChildProcess;
let address: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'understudy-flood-'));
  // The child must not get the test runner's condition, which makes imports find sources.
  child = fork(program, [directory, coordinators, JSON.stringify(BUDGETS)], { execArgv: [] });
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  address = `127.0.0.1:${port}`;
});
afterEach(async () => {
  child.kill('SIGKILL');
  await once(child, 'exit');
  await rm(directory, { recursive: true });
});

/** One link of a flood. */
class Hostile {
  readonly secret: Uint8Array;
  readonly session: RawSession;
  readonly #until: Promise<unknown>;
  #over = false;
  messages = 0;

  constructor(number: number, timeUp: Promise<unknown>) {
    this.secret = secretOf(0);
    new DataView(this.secret.buffer, this.secret.byteOffset).setUint32(0, number);
    this.session = new RawSession({ address }, this.secret);
    this.#until = Promise.race([timeUp, this.session.stream.ended]).then(() => {
      this.#over = true;
    });
  }

  get goesOn(): boolean {
    return !this.#over;
  }

  async hello(): Promise<void> {
    await Promise.race([this.session.hello(), this.#until]);
  }

  async put(message: Buffer): Promise<void> {
    this.messages++;
    const { stream } = this.session.stream;
    if (stream.write(message)) await new Promise(setImmediate);
    else await Promise.race([new Promise((resolve) => stream.once('drain', resolve)), this.#until]);
  }
}

const multicast = (secret: Uint8Array, seqNum: number, path: string, bytes: number): Buffer[] => {
  const request = { method: path, message: Buffer.alloc(bytes, 1) };
  const requests = [{ seqNum: seqNum as SeqNum, request, awaitStable: false }];
  const frame: SessionFrame = { ...EMPTY, requests };
  return new Chunker().split(encodeSessionFrame(frame, secret)).map(wrapFrame);
};

const [PART = Buffer.alloc(0)] = new Chunker().split(Buffer.alloc(MIB)).map(wrapFrame);

const FLOODS: Readonly<Record<string, (link: Hostile) => Promise<void>>> = {
  async 'begin large frames and never end them'(link) {
    while (link.goesOn) await link.put(PART);
  },
  async 'ask for large replies, read none and acknowledge none'(link) {
    link.session.stream.stream.pause();
    for (let i = 1; link.goesOn; i++)
      for (const each of multicast(link.secret, i, floodedService.Big.path, 1)) await link.put(each);
  },
  async 'send large requests and acknowledge no reply'(link) {
    for (let i = 1; link.goesOn; i++)
      for (const each of multicast(link.secret, i, floodedService.Take.path, MIB)) await link.put(each);
  },
};

async function memory(): Promise<{ readonly mostBytes: number; readonly nowBytes: number }> {
  child.send('memory');
  const [told] = await once(child, 'message');
  return told as { mostBytes: number; nowBytes: number };
}

/** A call of a client that waits for its turn, behind whatever a flood has left. */
function honestCall(): Promise<unknown> {
  const client = new Client(address, credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = floodedService.Take;
  return new Promise((resolve) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, Buffer.alloc(1), (error, reply) => {
      client.close();
      resolve(error ?? reply?.length);
    });
  });
}

it('a replica takes no more memory than its budgets say, whatever clients send', async () => {
  const { nowBytes: before } = await memory();
  let links = 0;
  for (const [name, flood] of Object.entries(FLOODS)) {
    let isOver = false;
    const timeUp = wait(FLOOD_MS).then(() => {
      isOver = true;
    });
    let messages = 0;
    const one = async (): Promise<void> => {
      while (!isOver) {
        const link = new Hostile(++links, timeUp);
        await link.hello();
        await flood(link);
        messages += link.messages;
        link.session.stream.close();
      }
    };
    await Promise.all(Array.from({ length: SESSIONS }, one));
    const { mostBytes } = await memory();
    console.log(`clients ${name}: ${messages} messages, ${Math.round((mostBytes - before) / MIB)} MiB more`);
    expect(messages).toBeGreaterThan(SESSIONS);
    expect(mostBytes - before, name).toBeLessThan(MAY_GROW_BYTES);
    expect(await honestCall()).toBe(1);
  }
});
