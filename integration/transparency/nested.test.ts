import { status as Status } from '@grpc/grpc-js';
import { nested } from '@understudy/client';
import { describe, expect, it } from 'vitest';
import { hear, statusOf, textsOf } from './conversation.js';
import { bare, type Deployment, deployments, type Running, use } from './deployment.js';
import {
  type Ask,
  ask,
  binary,
  blob,
  end,
  gate,
  headers,
  hold,
  type Request,
  reply,
  report,
  type ScriptClient,
  type Step,
  tell,
  text,
} from './script.js';

/** Makes the client of another service that the handlers of this deployment use. */
const clientFor = (deployment: Deployment, other: Running): ScriptClient =>
  other.connect(deployment.replicated && !other.deployment.replicated ? { options: nested() } : {});

const asking = (...steps: Step[]): Ask => ({ request: { steps } });

/**
 * Removes the parts that differ: statuses made by a client name its waiting time and the possible effect of the call.
 */
const withoutOwn = (heard: string): unknown =>
  JSON.parse(heard, (key, value) => {
    if (typeof value === 'string' && (key === 'details' || key === 'message'))
      return value.replace(/(exceeded|Cancelled on client).*$/, '$1');
    if (key === 'metadata')
      return Object.fromEntries(Object.entries(value).filter(([name]) => !/^understudy-/.test(name)));
    return value;
  });

const cases = deployments.flatMap((deployment) => [
  { deployment, callee: bare },
  ...(deployment.replicated ? [{ deployment, callee: deployment }] : []),
]);

describe.each(cases)('calls that handlers make, $deployment of $callee', ({ deployment, callee }) => {
  const others = use(callee);
  const group = use(deployment, () => ({ other: () => clientFor(deployment, others()) }));
  const bareOthers = use(bare);
  const reference = use(bare, () => ({ other: () => clientFor(bare, bareOthers()) }));

  const requests = (...steps: Step[]): Request[] => [{ steps }];
  const heardOf = async (running: Running, ...steps: Step[]): Promise<readonly string[]> =>
    textsOf(await hear(running.client, 'unary', requests(...steps)));

  /** Returns the events that handlers hear, which must equal those with a bare service. */
  async function asBare(...steps: Step[]): Promise<unknown> {
    const [heard = ''] = await heardOf(group(), ...steps);
    const [expected = ''] = await heardOf(reference(), ...steps);
    expect(withoutOwn(heard)).toEqual(withoutOwn(expected));
    return withoutOwn(heard);
  }

  it('hear replies, initial and trailing metadata, texts and bytes', async () => {
    const initial = [text('first', '1'), text('many', 'a'), text('many', 'b'), binary('blob-bin', 0, 255)];
    const trailers = [text('last', '2'), binary('sum-bin', 1)];
    const heard = await asBare(ask(asking(headers(...initial), reply('x'), end({ trailers }))));
    expect(JSON.stringify(heard)).toContain('"text":"x"');
  });

  it.each([Status.NOT_FOUND, Status.ABORTED, Status.UNAVAILABLE, Status.DATA_LOSS])('hear status %s', async (code) => {
    await asBare(ask(asking(end({ code, details: 'no', trailers: [text('why', 'because')] }))));
    await asBare(ask(asking(end({ code, details: 'no', way: 'EMITTED' }))));
  });

  it('hear large and empty messages', async () => {
    await asBare(ask(asking(blob(0)), asking(blob(1_000_000)), asking()));
  });

  it('may be made one after the other or at the same time', async () => {
    const [first, second, third] = [asking(reply('1')), asking(reply('2')), asking(end({ code: 5, details: '3' }))];
    await asBare(ask(first), ask(second), ask(third));
    await asBare(ask(first, second, third), ask(third, first));
  });

  it('may be cancelled', async () => {
    const heard = await asBare(ask({ ...asking(hold), cancelled: true }));
    expect(JSON.stringify(heard)).toContain(`"code":${Status.CANCELLED}`);
  });

  it('may have deadlines', async () => {
    const heard = await asBare(ask({ ...asking(gate('never')), timeoutMs: 100 }));
    expect(JSON.stringify(heard)).toContain(`"code":${Status.DEADLINE_EXCEEDED}`);
    others().gates.open('never');
    bareOthers().gates.open('never');
  });

  it('carry their metadata to the other service, without any of ours', async () => {
    const metadata = [text('who', 'me'), text('who', 'and me'), binary('raw-bin', 9, 8)];
    const [heard = ''] = await heardOf(group(), ask({ ...asking(report), metadata }));
    const seen = JSON.parse(JSON.parse(heard)[0].find((each: object) => 'message' in each).message.text);
    expect(seen.metadata).toMatchObject({ who: ['me, and me'], 'raw-bin': ['0908'] });
    // An unreplicated service recognises repeated calls by the key.
    const isKeyed = deployment.replicated && !callee.replicated;
    expect(Object.keys(seen.metadata).filter((key) => key === 'idempotency-key')).toHaveLength(isKeyed ? 1 : 0);
    if (callee.replicated) expect(Object.keys(seen.metadata).filter((key) => key.startsWith('understudy'))).toEqual([]);
  });

  it('each take effect once, whichever replicas execute', async () => {
    const name = 'once';
    await heardOf(group(), ask({ request: { name } }, { request: { name } }));
    await others().agreed();
    for (const { script } of others().servers) expect(script.performed.filter((done) => done === name)).toHaveLength(2);
  });

  it('may outlive their handlers, with the same results on all replicas', async () => {
    const name = 'left alone';
    const heard = await hear(group().client, 'unary', requests(tell({ request: { name, steps: [reply('later')] } })));
    expect(statusOf(heard).code).toBe(Status.OK);
    const noted = (): boolean => group().serving.script.performed.some((done) => done.includes('later'));
    // Each answered call may be a step behind, as the reply gets its place in the order only later.
    while (!noted()) await heardOf(group(), reply('next'));
    await group().agreed();
    const performed = group().servers.map(({ script }) => script.performed);
    for (const each of performed) expect(each).toEqual(performed[0]);
  });

  it('may be made by handlers of streams, too', async () => {
    const steps = [reply('before'), ask(asking(reply('x'))), reply('after')];
    const heard = await hear(group().client, 'bidi', requests(...steps));
    const expected = await hear(reference().client, 'bidi', requests(...steps));
    expect(textsOf(heard).map((said) => (said.startsWith('[') ? withoutOwn(said) : said))).toEqual(
      textsOf(expected).map((said) => (said.startsWith('[') ? withoutOwn(said) : said)),
    );
    expect(textsOf(heard)).toHaveLength(3);
  });

  it('do not keep other calls from being answered meanwhile', async () => {
    const at = `meanwhile ${callee.name}`;
    const waiting = heardOf(group(), ask(asking(gate(at), reply('at last'))));
    await others().gates.entered(at);
    expect(await heardOf(group(), reply('meanwhile'))).toEqual(['meanwhile']);
    others().gates.open(at);
    expect((await waiting)[0]).toContain('at last');
  });
});
