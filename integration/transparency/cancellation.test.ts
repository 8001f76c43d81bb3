import { InterceptingCall, type Interceptor, status as Status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { Conversation, type Heard, hear, type Kind, statusOf, textsOf } from './conversation.js';
import { type Deployment, deployments, kindsOf, type Running, streaming, use } from './deployment.js';
import { effectOf, withoutEffect } from './effect.js';
import { end, gate, hold, reply, type Step, text } from './script.js';

const CANCELLED = { code: Status.CANCELLED, details: 'Cancelled on client', metadata: {} };

const withoutReplies = (heard: readonly Heard[]): readonly Heard[] =>
  heard.filter((each) => !('message' in each || 'metadata' in each));

/** The status that the caller receives. A replicated client also tells whether the cancellation came in time. */
function expectCancelled(heard: readonly Heard[], kind: Kind, deployment: Deployment, mayHaveTakenEffect: boolean) {
  expect(effectOf(heard)).toBe(deployment.replicated ? mayHaveTakenEffect : undefined);
  const told = withoutReplies(withoutEffect(heard));
  const error = { error: { ...CANCELLED, message: '1 CANCELLED: Cancelled on client' } };
  const ended = kind === 'unary' || kind === 'clientStream' ? [] : [{ end: true }];
  expect(told).toHaveLength(2 + ended.length);
  expect(told).toEqual(expect.arrayContaining([error, { status: CANCELLED }, ...ended]));
}

/** Makes a call. When it is answered, all requests that were sent before have arrived and been performed. */
const settled = (running: Running): Promise<unknown> => hear(running.client, 'unary', [{ steps: [reply('after')] }]);

describe.each(deployments)('a cancelled call, %s', (deployment) => {
  const group = use(deployment);
  const begin = (...args: [Kind, { name?: string; steps: Step[] }[], object?]) =>
    new Conversation(group().client, ...args);

  describe.each(kindsOf(deployment))('%s', (kind) => {
    const name = (what: string): string => `${kind} ${what}`;

    it('is never performed if it is cancelled before its client is connected', async () => {
      const requests = [{ name: name('unconnected'), steps: [reply('x')] }];
      const conversation = new Conversation(group().connect(), kind, requests);
      conversation.call.cancel();
      const heard = await conversation.ended;
      expectCancelled(heard, kind, deployment, false);
      expect(withoutReplies(heard)).toEqual(heard);
      await settled(group());
      expect(group().serving.script.performed).not.toContain(name('unconnected'));
    });

    it('ends at once for its caller, but may still be performed', async () => {
      await settled(group());
      const conversation = begin(kind, [{ steps: [reply('x')] }]);
      conversation.call.cancel();
      const heard = await conversation.ended;
      expectCancelled(heard, kind, deployment, true);
      expect(withoutReplies(heard)).toEqual(heard);
    });

    it('is never performed if an interceptor cancels it before it begins', async () => {
      const cancelling: Interceptor = (options, nextCall) => {
        const call = new InterceptingCall(nextCall(options));
        call.cancelWithStatus(Status.CANCELLED, 'Cancelled on client');
        return call;
      };
      const client = group().connect({ interceptors: [cancelling] });
      const heard = await hear(client, kind, [{ name: name('before'), steps: [reply('x')] }]);
      expectCancelled(heard, kind, deployment, false);
      await settled(group());
      expect(group().serving.script.performed).not.toContain(name('before'));
    });

    it('ends before its reply', async () => {
      const at = name('before its reply');
      const conversation = begin(kind, [{ name: at, steps: [gate(at), reply('late')] }]);
      await group().gates.entered(at);
      conversation.call.cancel();
      const heard = await conversation.ended;
      expectCancelled(heard, kind, deployment, true);
      expect(textsOf(heard)).toEqual([]);
      group().gates.open(at);
      await settled(group());
      expect(group().serving.script.performed.filter((each) => each === at)).toEqual([at]);
    });

    it('stays as it is if it has ended before', async () => {
      const conversation = begin(kind, [{ steps: [reply('x'), end({ trailers: [text('last', '1')] })] }]);
      const heard = await conversation.ended;
      const before = [...heard];
      conversation.call.cancel();
      await settled(group());
      expect(heard).toEqual(before);
      expect(statusOf(heard)).toEqual({ code: Status.OK, details: 'OK', metadata: { last: ['1'] } });
    });

    it('may be cancelled twice', async () => {
      const at = name('twice');
      const conversation = begin(kind, [{ steps: [gate(at)] }]);
      await group().gates.entered(at);
      conversation.call.cancel();
      conversation.call.cancel();
      expectCancelled(await conversation.ended, kind, deployment, true);
      group().gates.open(at);
    });

    it('has status CANCELLED if its handler cancels it', async () => {
      const how = { code: Status.CANCELLED, details: 'not today', trailers: [text('why', 'so')] };
      const heard = await begin(kind, [{ steps: [end(how)] }]).ended;
      expect(statusOf(heard)).toEqual({ code: Status.CANCELLED, details: 'not today', metadata: { why: ['so'] } });
      expect(effectOf(heard)).toBeUndefined();
    });
  });

  it('does not hold up later calls', async () => {
    const at = 'in front';
    const cancelled = begin('unary', [{ steps: [gate(at)] }]);
    await group().gates.entered(at);
    const behind = begin('unary', [{ steps: [reply('behind')] }]);
    cancelled.call.cancel();
    await cancelled.ended;
    group().gates.open(at);
    expect(textsOf(await behind.ended)).toEqual(['behind']);
  });

  // A replicated unary handler is not told of a cancellation, since its replicas could not hear of it at the same
  // moment.
  it('reaches a running unary handler, unless it is replicated', async () => {
    const at = 'told';
    const conversation = begin('unary', [{ name: at, steps: [gate(at)] }]);
    await group().gates.entered(at);
    const { script } = group().serving;
    const told = script.heardOfEnd(at);
    conversation.call.cancel();
    await conversation.ended;
    if (!deployment.replicated) await told;
    group().gates.open(at);
    await settled(group());
    expect(script.hasHeardOfEnd(at)).toBe(!deployment.replicated);
  });
});

describe.each(streaming)('a cancelled stream, %s', (deployment) => {
  const group = use(deployment);

  it.each(['serverStream', 'bidi'] as const)('of kind %s ends in the middle of its replies', async (kind) => {
    const name = `${kind} middle`;
    const steps = [reply('1'), reply('2'), hold];
    const conversation = new Conversation(group().client, kind, [{ name, steps }], { open: true });
    await conversation.messages(2);
    const told = group().serving.script.heardOfEnd(name);
    conversation.call.cancel();
    const heard = await conversation.ended;
    expectCancelled(heard, kind, deployment, true);
    expect(textsOf(heard)).toEqual(['1', '2']);
    await told;
  });

  it.each(['clientStream', 'bidi'] as const)('of kind %s ends in the middle of its requests', async (kind) => {
    const name = `${kind} requests`;
    const requests = [
      { name: `${name} 1`, steps: [] },
      { name, steps: [gate(name)] },
    ];
    const conversation = new Conversation(group().client, kind, requests, { open: true });
    await group().gates.entered(name);
    group().gates.open(name);
    const told = group().serving.script.heardOfEnd(name);
    conversation.call.cancel();
    expectCancelled(await conversation.ended, kind, deployment, true);
    await told;
    expect(group().serving.script.performed).toEqual(expect.arrayContaining([`${name} 1`, name]));
  });

  it('of kind bidi ends while both sides are sending', async () => {
    const conversation = new Conversation(group().client, 'bidi', [], { open: true });
    for (let i = 1; i <= 10; i++) {
      conversation.send({ steps: [reply(String(i))] });
      await conversation.messages(i);
    }
    conversation.call.cancel();
    const heard = await conversation.ended;
    expectCancelled(heard, 'bidi', deployment, true);
    expect(textsOf(heard)).toHaveLength(10);
  });
});
