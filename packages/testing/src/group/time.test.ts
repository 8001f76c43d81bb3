/** The time of a group, as tests move it. */
import type { sendUnaryData } from '@grpc/grpc-js';
import type { ReplicaServer } from '@understudy/server';
import { afterEach, describe, expect, it } from 'vitest';
import type { TestedService } from '../service.js';
import { type Call, unaryMethod } from '../testing/inventory.js';
import { inProcessGroup, type TestGroup } from './in-process-group.js';
import type { GroupOptions } from './options.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const START_MS = Date.UTC(2030, 0, 1);
const TICKETS = '/test.v1.Tickets/';
const peek = { name: [{ service: 'test.v1.Tickets', method: 'Peek' }], readOnly: true };

const ticketsService = {
  issue: unaryMethod(`${TICKETS}Issue`),
  pause: unaryMethod(`${TICKETS}Pause`),
  list: unaryMethod(`${TICKETS}List`),
  peek: unaryMethod(`${TICKETS}Peek`),
};

type Answer = sendUnaryData<unknown>;

/** Tickets that expire an hour after they were issued, and are counted every day. */
function makeTickets(replica: ReplicaServer): TestedService {
  let state = { tickets: {} as Record<string, number>, said: [] as string[] };
  const say = (what: string): void => void state.said.push(`${what} at ${new Date().toISOString()}`);
  replica.on<string>('expire', (ticket) => {
    delete state.tickets[ticket];
    say(`${ticket} expired`);
  });
  replica.every(DAY_MS, 'count', () => say(`${Object.keys(state.tickets).length} tickets`));
  return {
    state: {
      checkpoint: () => Buffer.from(JSON.stringify(state)),
      restore: (bytes) => {
        state = JSON.parse(Buffer.from(bytes).toString());
      },
    },
    addTo: (server) =>
      server.addService(ticketsService, {
        issue: ({ request }: Call, reply: Answer) => {
          state.tickets[request] = Date.now();
          replica.after(HOUR_MS, 'expire', request);
          reply(null, Date.now());
        },
        pause: async ({ request }: Call, reply: Answer) => {
          await new Promise((resolve) => setTimeout(resolve, Number(request)));
          say('pause over');
          reply(null, Date.now());
        },
        list: (_call: Call, reply: Answer) => reply(null, state.said),
        // As caches do: nobody removed it yet, and it is gone all the same.
        peek: ({ request }: Call, reply: Answer) => {
          const atMs = state.tickets[request];
          reply(null, atMs !== undefined && Date.now() - atMs < HOUR_MS / 2 ? 'valid' : 'none');
        },
      } as never),
  };
}

let group: TestGroup;
afterEach(() => group.close());

const start = async (options: GroupOptions = {}): Promise<TestGroup> => {
  const settings = { methods: [peek], ...options.settings };
  group = await inProcessGroup(makeTickets, { ...options, settings });
  return group;
};
const call = async (method: string, request = 'all'): Promise<unknown> => {
  const { code, reply, details } = await group.call(method, request);
  expect([code, details]).toEqual([0, '']);
  return reply;
};
const said = async (): Promise<string[]> => (await call('list')) as string[];
const after = (ms: number): string => new Date(START_MS + ms).toISOString();

/** What all replicas of a semi-active group have in common. */
async function expectAlike(): Promise<void> {
  await group.settled();
  expect(new Set(Object.values(await group.digests())).size).toBe(1);
}

describe.each(['semi-active', 'passive'] as const)('the time of a %s group', (replication) => {
  it('stands still where the test says so, and goes on by what the test says', async () => {
    await start({ timeMs: START_MS, settings: { replication } });
    expect(await call('issue', 'a')).toBe(START_MS);
    await group.advance(59 * 60_000);
    expect(await call('issue', 'b')).toBe(START_MS + 59 * 60_000);
    expect(group.timeMs).toBe(START_MS + 59 * 60_000);
    await group.advance(60_000);
    expect(await said()).toEqual([`a expired at ${after(HOUR_MS)}`]);
    await group.advance(DAY_MS);
    expect(await said()).toEqual([
      `a expired at ${after(HOUR_MS)}`,
      `b expired at ${after(HOUR_MS + DAY_MS)}`,
      `0 tickets at ${after(HOUR_MS + DAY_MS)}`,
    ]);
    if (replication === 'semi-active') await expectAlike();
  });

  it('is that of the successor, and of a replica that joins', async () => {
    await start({ timeMs: START_MS, settings: { replication } });
    await call('issue', 'a');
    await group.advance(HOUR_MS / 2);
    await group.killPrimary();
    expect(await call('issue', 'b')).toBe(START_MS + HOUR_MS / 2);
    await group.advance(HOUR_MS / 2);
    await group.rejoin();
    expect(await said()).toEqual([`a expired at ${after(HOUR_MS)}`]);
    await group.killPrimary();
    await group.killPrimary();
    await group.rejoin();
    await group.advance(HOUR_MS / 2);
    expect(await said()).toEqual([`a expired at ${after(HOUR_MS)}`, `b expired at ${after(1.5 * HOUR_MS)}`]);
    // A day after the group began, whoever was primary meanwhile.
    await group.advance(22.5 * HOUR_MS - 1000);
    expect(await said()).toHaveLength(2);
    await group.advance(1000);
    expect((await said()).at(-1)).toBe(`0 tickets at ${after(DAY_MS)}`);
  });
});

describe('the time of a group', () => {
  it('goes on by itself where the test says nothing, and may be moved ahead of the machine’s', async () => {
    await start();
    const issuedMs = (await call('issue', 'a')) as number;
    expect(Math.abs(issuedMs - Date.now())).toBeLessThan(30_000);
    expect(await call('pause', '5')).toBeGreaterThanOrEqual(issuedMs + 5);
    await group.advance(HOUR_MS);
    expect((await said()).map((line) => line.replace(/ at .*/, ''))).toEqual(['pause over', 'a expired']);
    expect(await call('issue', 'b')).toBeGreaterThanOrEqual(issuedMs + HOUR_MS);
    await expectAlike();
  });

  it('ends the waits of handlers', async () => {
    await start({ timeMs: START_MS });
    const paused = call('pause', '20000');
    await call('issue', 'a');
    await group.advance(19_000);
    expect(await said()).toEqual([]);
    await group.advance(1_000);
    expect(await paused).toBe(START_MS + 20_000);
    await expectAlike();
  });

  it('may be moved while nobody serves: the successor does what is due', async () => {
    await start({ timeMs: START_MS });
    await call('issue', 'a');
    await group.settled();
    await group.kill(group.primary);
    await group.advance(HOUR_MS);
    expect(await said()).toEqual([`a expired at ${after(HOUR_MS)}`]);
    await expectAlike();
  });

  it('has a timer that was missed many times fire once, and go on from there', async () => {
    await start({ timeMs: START_MS });
    await group.advance(10 * DAY_MS);
    await group.advance(DAY_MS - 1000);
    expect(await said()).toEqual([`0 tickets at ${after(10 * DAY_MS)}`]);
    await group.advance(1000);
    expect(await said()).toEqual([`0 tickets at ${after(10 * DAY_MS)}`, `0 tickets at ${after(11 * DAY_MS)}`]);
  });

  it('is what reads see, too', async () => {
    await start({ timeMs: START_MS });
    await call('issue', 'a');
    expect(await call('peek', 'a')).toBe('valid');
    await group.advance(HOUR_MS / 2);
    expect(await call('peek', 'a')).toBe('none');
  });

  it('costs nobody the lease, and no call its deadline', async () => {
    await start();
    const { primary } = group;
    const { term } = group.status(primary);
    await group.advance(200 * DAY_MS);
    await group.advance(200 * DAY_MS);
    expect([group.primary, group.status(primary).term]).toEqual([primary, term]);
    const client = group.client();
    const { path, requestSerialize, responseDeserialize } = ticketsService.issue;
    const reply = await new Promise((resolve, reject) =>
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        'a',
        { deadline: Date.now() + 60_000 },
        (error, value) => (error === null ? resolve(value) : reject(error)),
      ),
    );
    expect(reply).toBeGreaterThan(Date.now() + 399 * DAY_MS);
  });

  it.each([-1, 0.5, Number.NaN, 1e15])('is not moved by %d', async (ms) => {
    await start({ replicas: 1 });
    await expect(group.advance(ms)).rejects.toMatchObject({ code: 'UNDERSTUDY_SETUP' });
  });
});
