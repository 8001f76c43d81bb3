import { Client, credentials, type Server, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import { replicated, understudyClient } from '@understudy/client';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { afterEach, describe, expect, it } from 'vitest';
import { type Counter, counterService } from '../testing/counter.js';
import { type Answer, type Node, SHORT_LEASE_MS, Stage } from '../testing/stage.js';

const method = (name: string) => ({ ...counterService.Add, path: `/test.Poll/${name}` });
/** `Wait` holds its callback until `Publish` comes. `Meet` is a barrier: it holds those of three calls until all of them are there. */
const pollService = { Wait: method('Wait'), Publish: method('Publish'), Meet: method('Meet') };
const DECLARED = ['Wait', 'Meet'].map((name) => ({
  name: [{ service: 'test.Poll', method: name }],
  waitsForOthers: true,
}));

type Call = ServerUnaryCall<{ id: string; by: number }, number>;

const addPoll = (server: Server, counter: Counter): void => {
  let waiting: { readonly call: Call; readonly callback: sendUnaryData<number> }[] = [];
  let met: typeof waiting = [];
  server.addService(pollService, {
    Wait: (call: Call, callback: sendUnaryData<number>) => {
      const own = { call, callback };
      waiting.push(own);
      call.on('cancelled', () => {
        waiting = waiting.filter((one) => one !== own);
        counter.ids.push(`${call.request.id} left`);
        callback({ code: 1 });
      });
    },
    Publish: (call: Call, callback: sendUnaryData<number>) => {
      counter.value += call.request.by;
      const told = waiting;
      waiting = [];
      for (const one of told) {
        counter.ids.push(`${one.call.request.id} woken by ${call.request.id}`);
        one.callback(null, counter.value);
      }
      callback(null, told.length);
    },
    Meet: (call: Call, callback: sendUnaryData<number>) => {
      met.push({ call, callback });
      if (met.length < 3) return;
      const all = met;
      met = [];
      counter.value += 1;
      counter.ids.push(`met: ${all.map((one) => one.call.request.id).toSorted()}`);
      for (const one of all) one.callback(null, counter.value);
    },
  });
};

let stage: Stage;
const clients: Client[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => understudyClient(client).close()));
  await stage.end();
});

/** A group of two, and the calls of one client of ours. */
async function group(settings: Record<string, unknown> = {}, carrier: 'stream' | 'rpc' = 'stream') {
  stage = new Stage(
    memoryCoordinator(),
    { leaseMs: SHORT_LEASE_MS, sessionMs: 2000, carrier, methods: DECLARED, ...settings },
    [],
    addPoll,
  );
  const nodes = (await stage.startGroup(2)) as [Node, Node];
  const [primary, backup] = nodes;
  await stage.until(() => primary.status.inSync.length === 2);
  const target = `understudy:///${nodes.map(({ address }) => address).join()}`;
  const { serviceConfig, logger } = stage;
  const client = new Client(target, credentials.createInsecure(), replicated({ serviceConfig, logger }));
  clients.push(client);
  return { primary, backup, client };
}

const ask = (client: Client, name: keyof typeof pollService, id: string, deadlineMs?: number) => {
  const { path, requestSerialize, responseDeserialize } = pollService[name];
  const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
  let cancel = (): void => {};
  const answer = new Promise<Answer>((resolve) => {
    const call = client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      { id, by: 1 },
      options,
      (error, value) => resolve({ error, value: value as number | undefined }),
    );
    cancel = () => call.cancel();
  });
  return Object.assign(answer, { cancel: () => cancel() });
};

const agreed = (a: Node, b: Node) => () =>
  a.status.processedUpTo === b.status.processedUpTo && a.status.digest === b.status.digest;

describe.each([
  ['semi-active', 'concurrent', 'stream'],
  ['semi-active', 'acknowledged', 'rpc'],
  ['passive', 'concurrent', 'rpc'],
  ['passive', 'acknowledged', 'stream'],
] as const)('a call that waits for others (%s, %s, %s)', (replication, release, carrier) => {
  it('holds up no other call, and ends with the call that wakes it', async () => {
    const { primary, backup, client } = await group({ replication, release }, carrier);
    const polls = [ask(client, 'Wait', 'a'), ask(client, 'Wait', 'b')];
    await stage.until(() => primary.status.openWaits === 2);
    expect(await primary.add('between', 5)).toEqual({ error: null, value: 5 });
    expect(await ask(client, 'Publish', 'p')).toEqual({ error: null, value: 2 });
    for (const poll of polls) expect(await poll).toEqual({ error: null, value: 6 });
    expect(primary.status.openWaits).toBe(0);
    if (replication === 'passive') return;
    await stage.until(agreed(primary, backup));
    expect(backup.counter.ids).toEqual(['between', 'a woken by p', 'b woken by p']);
  });

  it('is woken at the successor of the primary on which it began', async () => {
    const { primary, backup, client } = await group({ replication, release }, carrier);
    const poll = ask(client, 'Wait', 'a');
    await stage.until(() => primary.status.openWaits === 1);
    await stage.until(() => backup.status.heldUpTo === primary.status.heldUpTo);
    primary.crash();
    expect(await ask(client, 'Publish', 'p')).toEqual({ error: null, value: 1 });
    expect(await poll).toEqual({ error: null, value: 1 });
    expect(backup.counter.ids).toEqual(['a woken by p']);
  });

  it('may be one of a barrier, whose last call ends them all, itself too, also at a successor', async () => {
    const { primary, backup, client } = await group({ replication, release }, carrier);
    const first = ['a', 'b', 'c'].map((id) => ask(client, 'Meet', id));
    for (const answer of first) expect(await answer).toEqual({ error: null, value: 1 });
    const second = ['d', 'e'].map((id) => ask(client, 'Meet', id));
    await stage.until(() => primary.status.openWaits === 2);
    await stage.until(() => backup.status.heldUpTo === primary.status.heldUpTo);
    primary.crash();
    second.push(ask(client, 'Meet', 'f'));
    for (const answer of second) expect(await answer).toEqual({ error: null, value: 2 });
    expect(backup.counter.ids).toEqual(['met: a,b,c', 'met: d,e,f']);
    expect(backup.status.openWaits).toBe(0);
  });

  it('learns at one place in the order that its caller has gone', async () => {
    const { primary, backup, client } = await group({ replication, release }, carrier);
    const gone = ask(client, 'Wait', 'gone');
    await stage.until(() => primary.status.openWaits === 1);
    // On a busy machine the deadline may pass before the handler has the call, so it is tried with later ones.
    for (let deadlineMs = 300; ; deadlineMs *= 2) {
      let over = false;
      const late = ask(client, 'Wait', 'late', deadlineMs).finally(() => {
        over = true;
      });
      let waited = false;
      await stage.until(() => {
        waited ||= primary.status.openWaits === 2;
        return waited || over;
      });
      expect((await late).error).toMatchObject({ code: 4 });
      if (waited) break;
    }
    await stage.until(() => primary.status.openWaits === 1);
    gone.cancel();
    expect((await gone).error).toMatchObject({ code: 1 });
    await stage.until(() => primary.status.openWaits === 0);
    expect(await ask(client, 'Publish', 'p')).toEqual({ error: null, value: 0 });
    expect([...new Set(primary.counter.ids)]).toEqual(['late left', 'gone left']);
    if (replication === 'semi-active') await stage.until(agreed(primary, backup));
  });

  it('does not keep a replica from joining', async () => {
    const { primary, client } = await group({ replication, release }, carrier);
    const poll = ask(client, 'Wait', 'a');
    await stage.until(() => primary.status.openWaits === 1);
    await primary.add('between', 5);
    const third = await stage.start('r3');
    await stage.until(() => primary.status.inSync.length === 3);
    expect(await ask(client, 'Publish', 'p')).toEqual({ error: null, value: 1 });
    expect(await poll).toEqual({ error: null, value: 6 });
    if (replication === 'passive') return;
    await stage.until(agreed(primary, third));
    expect(third.counter.ids).toEqual(['between', 'a woken by p']);
  });
});

describe('a call of a plain client that waits for others', () => {
  it('learns that its caller has gone, also from the successor', async () => {
    const { primary, backup } = await group();
    const plain = new Client(primary.address, credentials.createInsecure());
    const [first, second] = [ask(plain, 'Wait', 'first'), ask(plain, 'Wait', 'second')];
    await stage.until(() => backup.status.openWaits === 2);
    first.cancel();
    expect((await first).error).toMatchObject({ code: 1 });
    await stage.until(() => backup.status.openWaits === 1);
    primary.crash();
    expect((await second).error).not.toBeNull();
    await stage.until(() => backup.status.openWaits === 0);
    expect(backup.counter.ids).toEqual(['first left', 'second left']);
    plain.close();
  });
});

it('a handler that waits without being declared is left after stallMs, and the log says once what is missing', async () => {
  const { primary, client } = await group({ methods: [], stallMs: 100 });
  const polls = ['a', 'b'].map((id) => ask(client, 'Wait', id, 3000));
  await stage.until(() => primary.status.processedUpTo >= 4);
  expect(await primary.add('on', 1)).toEqual({ error: null, value: 1 });
  const advice = stage.logged.filter((line) => line.includes('waitsForOthers'));
  expect(advice.filter((line) => line.includes('"role":"primary"'))).toHaveLength(1);
  expect(advice[0]).toContain('test.Poll');
  for (const poll of polls) expect((await poll).error).toMatchObject({ code: 4 });
});

it('a passive group whose backlog is full ends calls that wait, so that its state can be copied', async () => {
  const { primary, client } = await group({ replication: 'passive', backlogMax: 20 });
  const poll = ask(client, 'Wait', 'a');
  await stage.until(() => primary.status.openWaits === 1);
  for (let i = 0; i < 25; i++) await primary.add(`${i}`, 1);
  expect((await poll).error?.details).toContain('UNDERSTUDY_BACKLOG');
  expect(await primary.add('more', 1)).toEqual({ error: null, value: 26 });
});
