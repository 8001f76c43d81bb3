import { randomUUID } from 'node:crypto';
import { setInterval as beats, setTimeout as sleep } from 'node:timers/promises';
import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import { realOf } from '@understudy/context';
import type { StateSource } from '@understudy/core';
import { type ReplicaServer, stepRandom, stepTime } from '@understudy/server';
import { describe, expect, it } from 'vitest';
import type { MakeService, TestedService } from '../service.js';
import { type Call, InventoryService, makeInventory, type Reply } from '../testing/inventory.js';
import { checkDeterminism } from './check-determinism.js';
import type { DeterminismError, Difference } from './differences/difference.js';

/** As a module that was loaded before ours has them. */
const realNow = realOf(Date.now);

/** As a module has it that was loaded after ours. */
const takenUuid = randomUUID;

/** A service that keeps entries by name. */
class Ledger {
  entries = new Map<string, unknown>();
  readonly #entry: (name: string, ledger: Ledger) => unknown;

  constructor(entry: Ledger['entry']) {
    this.#entry = entry;
  }

  entry(name: string, _ledger: Ledger): unknown {
    return this.#entry(name, this);
  }

  service(changes: Partial<TestedService> = {}): TestedService {
    const handlers = {
      add: ({ request }: Call, reply: Reply) => {
        this.entries.set(request, this.entry(request, this));
        reply(null, this.entries.size);
      },
      list: (_call: Call, reply: Reply) => reply(null, [...this.entries]),
      follow: () => {},
    } as unknown as UntypedServiceImplementation;
    return {
      state: {
        checkpoint: () => Buffer.from(JSON.stringify([...this.entries])),
        restore: (bytes) => {
          this.entries = new Map(JSON.parse(Buffer.from(bytes).toString()));
        },
      },
      addTo: (server) => server.addService(InventoryService, handlers),
      ...changes,
    };
  }
}

const CALLS = [
  { method: 'Add', request: 'pear' },
  { method: 'Add', request: 'apple' },
  { method: 'List' },
  { method: 'Add', request: 'brief plum' },
  { method: 'Follow', request: ['fig', 'date'] },
];

async function found(makeService: MakeService, options: Parameters<typeof checkDeterminism>[2] = {}) {
  const error = await checkDeterminism(makeService, CALLS.slice(0, 3), options).then(
    () => undefined,
    (thrown: DeterminismError) => thrown,
  );
  expect(error?.code).toBe('UNDERSTUDY_DIVERGED');
  return error as { readonly difference: Difference } & DeterminismError;
}

describe('a service whose instances differ', () => {
  it('is found by an id that it took when it was made, with the line that took it', async () => {
    const { difference, message } = await found(() => {
      const mark = randomUUID();
      return new Ledger((name) => `${mark} ${name}`).service();
    });
    expect(difference).toMatchObject({
      index: 0,
      method: '/test.v1.Inventory/Add',
      what: 'state',
      variation: 'random',
    });
    expect(difference.cause).toMatch(/randomness that is drawn outside of steps, at .*check-determinism\.test\.ts:\d+/);
    expect(difference.digest).not.toBe(difference.otherDigest);
    expect(message).toContain('after call 0, /test.v1.Inventory/Add');
  });

  it('is found by functions that its module has taken aside, with the line that used them', async () => {
    const { randomBytes, randomInt } = process.getBuiltinModule('node:crypto');
    const draws = [() => randomBytes(4).toString('hex'), () => randomInt(1e9), () => takenUuid()];
    for (const draw of draws) {
      const { difference } = await found(() => {
        const mark = draw();
        return new Ledger(() => mark).service();
      });
      expect(difference).toMatchObject({ index: 0, variation: 'random' });
      expect(difference.cause).toMatch(/, at .*check-determinism\.test\.ts:\d+/);
    }
  });

  it('is found by a reply with what it drew when it was made, and both replies are shown', async () => {
    const { difference } = await found(() => {
      const mark = Math.random();
      const add = (_call: Call, reply: Reply) => reply(null, { mark });
      return { state: 'none', addTo: (server) => server.addService(InventoryService, { add } as never) };
    });
    expect(difference).toMatchObject({ index: 0, what: 'reply', variation: 'random' });
    expect(difference.diff).toMatch(/^- \{ mark: 0\.\d+ \}\n\+ \{ mark: 0\.\d+ \}$/);
  });

  it('is found by the time at which it was made', async () => {
    const { difference } = await found(() => {
      const since = new Date();
      return new Ledger(() => Math.floor((Date.now() - since.getTime()) / 86_400_000)).service();
    });
    expect(difference).toMatchObject({ index: 0, what: 'state', variation: 'clock' });
    expect(difference.cause).toMatch(/a clock that is read outside of steps, at .*check-determinism\.test\.ts:\d+/);
  });

  it('is found by a real time that it stores and never replies', async () => {
    const { difference } = await found(() => new Ledger(() => realNow()).service());
    expect(difference).toMatchObject({ index: 0, what: 'state', variation: 'nothing' });
    expect(difference.cause).toContain('taken aside before @understudy/server was loaded');
    expect(difference.diff).toMatch(/^- .*\d{13}.*\n\+ .*\d{13}/);
  });

  it.each<[string, (evict: () => void) => () => void]>([
    [
      'setInterval',
      (evict) => {
        const timer = setInterval(evict, 5_000);
        return () => clearInterval(timer);
      },
    ],
    [
      'setTimeout again and again',
      (evict) => {
        let timer: NodeJS.Timeout;
        const again = (): void => {
          timer = setTimeout(again, 5_000);
          evict();
        };
        again();
        return () => clearTimeout(timer);
      },
    ],
    [
      'a loop that sleeps',
      (evict) => {
        const ends = new AbortController();
        const loop = async (): Promise<void> => {
          for (;;) {
            await sleep(5_000, undefined, { signal: ends.signal });
            evict();
          }
        };
        loop().catch(() => {});
        return () => ends.abort();
      },
    ],
    [
      'an interval to be iterated',
      (evict) => {
        const ends = new AbortController();
        const loop = async (): Promise<void> => {
          for await (const _ of beats(5_000, undefined, { signal: ends.signal })) evict();
        };
        loop().catch(() => {});
        return () => ends.abort();
      },
    ],
  ])('is found by an eviction that it started when it was made, with the line: %s', async (_how, begin) => {
    const { difference, message } = await found(() => {
      const ledger = new Ledger(() => Date.now() + 60_000);
      const end = begin(() => {
        for (const [name, expiresMs] of ledger.entries) if (Date.now() > Number(expiresMs)) ledger.entries.delete(name);
      });
      return ledger.service({ close: end });
    });
    expect(difference).toMatchObject({ index: 0, what: 'state', variation: 'timers' });
    expect(message).toMatch(/a timer of 5000 ms that was set outside of steps, at .*test\.ts:\d+\. Use replica\.every/);
  });

  it('is found by a restore that changes the order of a map', async () => {
    const { difference } = await found(() => {
      const ledger = new Ledger(() => 1);
      const service = ledger.service();
      const state = {
        ...(service.state as { checkpoint(): Uint8Array }),
        restore: (bytes: Uint8Array) => {
          ledger.entries = new Map(JSON.parse(Buffer.from(bytes).toString()).sort());
        },
      };
      return { ...service, state };
    });
    expect(difference).toMatchObject({ index: 1, what: 'state', variation: 'restore' });
    expect(difference.cause).toContain('restore() puts the state into another order');
  });

  it('is found by state that its copies leave out, when that shows in a reply', async () => {
    const { difference } = await found(() => {
      let count = 0;
      const add = (_call: Call, reply: Reply) => reply(null, ++count);
      const state = { checkpoint: () => new Uint8Array(1), restore() {} };
      return { state, addTo: (server) => server.addService(InventoryService, { add } as never) };
    });
    expect(difference).toMatchObject({ index: 1, what: 'reply', variation: 'restore', diff: '- 2\n+ 1' });
    expect(difference.cause).toContain('checkpoint() leaves out');
  });

  it('is found by a variable of its module', async () => {
    let shared = 0;
    const { difference } = await found(() => new Ledger(() => ++shared).service());
    expect(difference).toMatchObject({ index: 0, variation: 'nothing' });
    expect(difference.cause).toContain('a module variable that instances share');
  });

  it('is found by the clock of a handler where the globals are left alone', async () => {
    const { difference } = await found(() => new Ledger(() => new Date().getFullYear()).service(), {
      replicaOptions: { determinism: 'api' },
    });
    expect(difference).toMatchObject({ index: 0, what: 'state', variation: 'clock' });
  });

  it('is found when only some instances answer with an error', async () => {
    let made = 0;
    const { difference } = await found(() => {
      const fails = ++made > 1;
      const add = (_call: Call, reply: Reply) =>
        fails ? reply({ code: 5, details: 'nothing there' }) : reply(null, 'fine');
      return { state: 'none', addTo: (server) => server.addService(InventoryService, { add } as never) };
    });
    expect(difference).toMatchObject({ index: 0, what: 'reply' });
    expect(difference.diff).toMatch(/^- 'fine'\n\+ failed: \{ code: 5, details: 'nothing there' \}$/);
  });
});

describe('a service whose instances do the same', () => {
  it('passes with ids, timestamps, timers and streams, as people write them', async () => {
    await checkDeterminism(makeInventory, CALLS);
  });

  it('passes with functions of ours in place of the globals', async () => {
    const make: MakeService = () => new Ledger(() => [stepTime(), stepRandom()]).service();
    await checkDeterminism(make, CALLS.slice(0, 3), { replicaOptions: { determinism: 'api' } });
  });

  it('passes with timers that are data, effects that happen once, and async handlers', async () => {
    let effects = 0;
    const make = (replica: ReplicaServer): TestedService => {
      const ledger = new Ledger(() => 0);
      replica.on<{ name: string }>('expire', ({ name }) => ledger.entries.delete(name));
      replica.every(30, 'tick', () => {
        ledger.entries.set('ticked', new Date().toISOString());
      });
      const add = async ({ request }: Call, reply: Reply): Promise<void> => {
        const effect = await replica.once('effect', () => ++effects);
        ledger.entries.set(request, effect);
        replica.after(10, 'expire', { name: request });
        reply(null, { effect, at: Date.now() });
      };
      const list = (_call: Call, reply: Reply): void => reply(null, [...ledger.entries]);
      const addTo: TestedService['addTo'] = (server) => server.addService(InventoryService, { add, list } as never);
      return ledger.service({ addTo });
    };
    await checkDeterminism(make, CALLS.slice(0, 4));
    expect(effects).toBe(3);
  });

  it('passes with a timer of its own that does not touch the state, and an id that its copies contain', async () => {
    let reports = 0;
    await checkDeterminism(
      () => {
        const ledger = new Ledger(() => 1);
        ledger.entries.set('id', randomUUID());
        const report = setInterval(() => reports++, 10_000);
        return ledger.service({ close: () => clearInterval(report) });
      },
      CALLS.slice(0, 3),
    );
    expect(reports).toBe(3);
  });

  it('passes with copies that are unequal, if it says what is equal', async () => {
    await checkDeterminism(
      () => {
        const ledger = new Ledger(() => 1);
        const state = {
          checkpoint: () => Buffer.from(JSON.stringify([...ledger.entries, ['saved', Date.now()]])),
          restore: (bytes: Uint8Array) => {
            ledger.entries = new Map(JSON.parse(Buffer.from(bytes).toString()).slice(0, -1));
          },
        };
        return ledger.service({ state, digest: () => JSON.stringify([...ledger.entries]) });
      },
      CALLS.slice(0, 3),
    );
  });

  it('passes with copies that are unequal, if it says that they are', async () => {
    const makeService = (canonical: boolean) => () => {
      const ledger = new Ledger(() => 1);
      const { state } = ledger.service() as { state: StateSource };
      const checkpoint = async () => Buffer.concat([await state.checkpoint(), Buffer.from(' '.repeat(copies++ % 7))]);
      return ledger.service({ state: { canonical, checkpoint, restore: (copy) => state.restore(copy) } });
    };
    let copies = 0;
    await checkDeterminism(makeService(false), CALLS.slice(0, 3));
    expect((await found(makeService(true))).difference.what).toBe('state');
  });

  it('passes with state in chunks, wherever they are cut', async () => {
    await checkDeterminism(
      () => {
        const ledger = new Ledger(() => 'x'.repeat(700));
        const state = {
          snapshots: false,
          *checkpoint() {
            for (const entry of ledger.entries) yield Buffer.from(`${JSON.stringify(entry)}\n`);
          },
          async restore(chunks: AsyncIterable<Uint8Array>) {
            const bytes: Uint8Array[] = [];
            for await (const chunk of chunks) bytes.push(chunk);
            const lines = Buffer.concat(bytes).toString().split('\n').slice(0, -1);
            ledger.entries = new Map(lines.map((line) => JSON.parse(line)));
          },
        };
        return ledger.service({ state });
      },
      CALLS.slice(0, 3),
    );
  });

  it('passes if it waits for timers: before it is made, and in effects', async () => {
    const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
    await checkDeterminism(
      async (replica) => {
        await wait(5_000);
        const ledger = new Ledger(() => 1);
        const add = async ({ request }: Call, reply: Reply): Promise<void> => {
          await replica.once('wait', () => wait(1_100));
          ledger.entries.set(request, 1);
          reply(null, 1);
        };
        return ledger.service({ addTo: (server) => server.addService(InventoryService, { add } as never) });
      },
      CALLS.slice(0, 1),
    );
  });

  it('leaves the globals as they were', async () => {
    const before = [Date, Date.now, Math.random, setTimeout, setInterval, clearTimeout, randomUUID, performance.now];
    await checkDeterminism(makeInventory, []);
    const after = [Date, Date.now, Math.random, setTimeout, setInterval, clearTimeout, randomUUID, performance.now];
    expect(after.map((each, i) => each === before[i])).toEqual(before.map(() => true));
  });
});
