import { memoryCoordinator } from '@understudy/coordinator-embedded';
import type { ChunkedStateSource } from '@understudy/core';
import { afterEach, describe, expect, it } from 'vitest';
import { CutDoor } from '../links/testing/cut-door.js';
import { type Node, Stage } from '../testing/stage.js';

let stage: Stage;
afterEach(() => stage.end());

const MIB = 1024 * 1024;

/**
 * Makes calls whose replies depend on no state, one after the other, until `ended`.
 *
 * @returns how many there were
 */
async function callUntil(node: Node, ended: Promise<unknown>): Promise<number> {
  let over = false;
  void ended.finally(() => {
    over = true;
  });
  let calls = 0;
  while (!over) {
    calls++;
    expect(await node.call('Blob', 10)).toEqual({ error: null, value: 'x'.repeat(10) });
  }
  return calls;
}

/** State in chunks of a MiB each, of which there is a snapshot: what is yielded does not depend on what follows. */
class Snapshots implements ChunkedStateSource {
  readonly snapshots = true;
  /** How many chunks were asked for, and whether the last copy was ended. */
  drawn = 0;
  ended = 0;
  /** The bytes that were restored, and the first of each chunk. */
  restored = 0;
  readonly #mib: number;

  constructor(mib: number) {
    this.#mib = mib;
  }

  *checkpoint(): Generator<Uint8Array> {
    try {
      for (let i = 0; i < this.#mib; i++) {
        this.drawn++;
        yield Buffer.alloc(MIB, i);
      }
    } finally {
      this.ended++;
    }
  }

  async restore(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of chunks) {
      const mib = Math.floor(this.restored / MIB);
      expect(chunk[0]).toBe(mib & 0xff);
      this.restored += chunk.length;
    }
  }
}

describe('a state of 100 MiB', () => {
  it('reaches a replica that joins while calls are made, and none of them fails', async () => {
    stage = new Stage(memoryCoordinator());
    const state = Buffer.alloc(100 * MIB, 7);
    const primary = await stage.start('r1', { state: { checkpoint: () => state, restore() {} } });
    let restored: Uint8Array | undefined;
    const learner = await stage.bind('r2', {
      state: {
        checkpoint: () => Buffer.alloc(0),
        restore: (bytes) => {
          restored = bytes;
        },
      },
    });
    expect(await callUntil(primary, learner.start())).toBeGreaterThan(0);
    expect(learner.status).toMatchObject({ role: 'backup', blocked: undefined });
    expect(restored !== undefined && Buffer.compare(restored, state)).toBe(0);
    // It goes on with what came while the copy was on its way.
    await stage.until(() => learner.status.processedUpTo === primary.status.processedUpTo);
    expect(learner.status.digest).toBe(primary.status.digest);
  });

  it('is read while it is sent if the source has snapshots, so that it is never in memory as a whole', async () => {
    stage = new Stage(memoryCoordinator());
    const source = new Snapshots(64);
    const primary = await stage.start('r1', { state: source });
    const target = new Snapshots(0);
    const learner = await stage.bind('r2', { state: target });
    const begun = learner.start();
    let ahead = 0;
    const watching = stage.until(() => {
      ahead = Math.max(ahead, source.drawn);
      return source.drawn > 20;
    });
    await watching;
    // The learner has not got everything yet, or everything would have been drawn.
    expect(ahead).toBeLessThan(64);
    await callUntil(primary, begun);
    expect(target.restored).toBe(64 * MIB);
    // `start` drew a first chunk of each; copies that were drawn to their end need no other.
    await stage.until(() => source.ended === 2);
  });
});

describe('a copy that is read while it is sent', () => {
  it('is ended when the replica that joins dies, and another one joins with a copy of its own', async () => {
    stage = new Stage(memoryCoordinator());
    const source = new Snapshots(32);
    await stage.start('r1', { state: source });
    const dying = await stage.bind('r2', { state: new Snapshots(0) });
    void dying.start().catch(() => {});
    await stage.until(() => source.drawn > 10);
    dying.crash();
    const target = new Snapshots(0);
    await stage.start('r3', { state: target });
    expect(target.restored).toBe(32 * MIB);
  });

  it('goes on where it broke when the connections between the replicas are cut', async () => {
    stage = new Stage(memoryCoordinator());
    const source = new Snapshots(64);
    const primary = await stage.bind('r1', { state: source });
    const target = new Snapshots(0);
    const learner = await stage.bind('r2', { state: target });
    const doors = [await CutDoor.to(primary.address), await CutDoor.to(learner.address)] as const;
    await primary.replica.start({ address: doors[0].address });
    const begun = learner.replica.start({ address: doors[1].address });
    for (const drawn of [15, 30, 45]) {
      await stage.until(() => source.drawn > drawn);
      for (const door of doors) door.cut();
    }
    await begun;
    expect(target.restored).toBe(64 * MIB);
    expect(Math.min(...doors.map(({ cuts }) => cuts))).toBeGreaterThan(0);
    // `start` drew a first chunk. Each other one was drawn once.
    expect(source.drawn).toBe(1 + 64);
    for (const door of doors) door.end();
  });

  it('is sent to all replicas that join meanwhile', async () => {
    stage = new Stage(memoryCoordinator());
    const targets = [new Snapshots(0), new Snapshots(0)];
    const learners = await Promise.all(targets.map((state, i) => stage.bind(`r${i + 2}`, { state })));
    let drawn = 0;
    const source: ChunkedStateSource = {
      snapshots: true,
      async *checkpoint() {
        for (let i = 0; i < 64; i++) {
          // The copy is on its way until each of them receives one.
          const receives = () => learners.every(({ status }) => /receives a copy/.test(status.blocked ?? ''));
          if (i === 10) await stage.until(receives);
          drawn++;
          yield Buffer.alloc(MIB, i);
        }
      },
      async restore() {},
    };
    await stage.start('r1', { state: source });
    await Promise.all(learners.map((learner) => learner.start()));
    expect(targets.map(({ restored }) => restored)).toEqual([64 * MIB, 64 * MIB]);
    expect(drawn).toBe(1 + 64);
  });

  it('fails the join if it throws in the middle, and the primary serves on', async () => {
    stage = new Stage(memoryCoordinator());
    let copies = 0;
    const source: ChunkedStateSource = {
      snapshots: true,
      async *checkpoint() {
        if (++copies === 1) yield Buffer.alloc(0);
        for (let i = 0; i < 5; i++) yield Buffer.alloc(MIB);
        throw new Error('disk on fire');
      },
      async restore() {},
    };
    const primary = await stage.start('r1', { state: source });
    const learner = await stage.bind('r2', { state: new Snapshots(0), startTimeoutMs: 2000 });
    await expect(learner.start()).rejects.toThrow('disk on fire');
    expect(await primary.add('a', 1)).toEqual({ error: null, value: 1 });
    // It would wait for the learner.
    primary.crash();
  });
});

describe('a state in chunks of which there are no snapshots', () => {
  it('is copied completely between two messages, however many chunks it has', async () => {
    stage = new Stage(memoryCoordinator());
    const primary = await stage.bind('r1', {
      state: {
        snapshots: false,
        *checkpoint() {
          const before = primary.counter.value;
          for (let i = 0; i < 50; i++) yield Buffer.alloc(MIB / 4, primary.counter.value === before ? 1 : 2);
        },
        async restore() {},
      },
    });
    await primary.start();
    const seen = new Set<number>();
    const learner = await stage.bind('r2', {
      state: {
        snapshots: false,
        async *checkpoint() {},
        async restore(chunks) {
          for await (const chunk of chunks) for (const byte of chunk) seen.add(byte);
        },
      },
    });
    await callUntil(primary, learner.start());
    expect([...seen]).toEqual([1]);
  });
});
