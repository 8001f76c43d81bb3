import { type Client, InterceptingCall, type Interceptor, type requestCallback, status as Status } from '@grpc/grpc-js';
import { currentHandling } from '@understudy/context';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CalledGroup } from '../testing/called-group.js';
import { ask, connectTo, echoDefinition, reply } from '../testing/echo.js';
import { callerAt, ScriptedHandling } from '../testing/scripted-handling.js';
import { replicatedForTest } from '../testing/session-under-test.js';

let called: CalledGroup;
let client: Client;
beforeAll(async () => {
  called = await CalledGroup.start(1);
});
afterAll(() => called.group.stop());
beforeEach(() => {
  client = called.connect();
});
afterEach(() => called.forget());

describe('a handler that gives up a call of its own', () => {
  /** Holds each call back until it is told to let it go. */
  const holding =
    (letGo: (() => void)[]): Interceptor =>
    (options, nextCall) =>
      new InterceptingCall(nextCall(options), {
        start: (metadata, listener, next) => void letGo.push(() => next(metadata, listener)),
      });

  it('gets the end at once if its replica does not know of the call yet', async () => {
    const letGo: (() => void)[] = [];
    const held = called.connect({ interceptors: [holding(letGo)] });
    const handling = ScriptedHandling.byHand();
    const asked = handling.run(() => ask(held, 'x', { made: (call) => call.cancel() }));
    for (const go of letGo) go();
    expect((await asked).error).toMatchObject({ code: Status.CANCELLED, details: 'Cancelled on client' });
    expect(handling.made).toEqual([]);
  });

  it('gets the end at a later place in the order, and the call that was sent is cancelled', async () => {
    const handling = ScriptedHandling.byHand();
    let cancel = (): void => {};
    let isTold = false;
    const asked = handling.run(() =>
      ask(client, 'hang', {
        made: (call) => {
          cancel = () => call.cancel();
        },
      }),
    );
    void asked.then(() => {
      isTold = true;
    });
    const sent = handling.only.send(callerAt(7));
    await called.held();
    handling.run(cancel);
    handling.run(cancel);
    const outcome = await sent;
    expect(outcome).toMatchObject({ code: Status.CANCELLED });
    expect([handling.only.cancels, isTold]).toEqual([1, false]);
    handling.only.receive(outcome);
    const { error } = await asked;
    expect(error).toMatchObject({ code: Status.CANCELLED, details: 'Cancelled on client' });
    expect(error?.metadata.get('understudy-may-have-taken-effect')).toEqual(['true']);
    handling.run(cancel);
    expect(handling.only.cancels).toBe(1);
  });

  it('gets the reply if the order has the reply', async () => {
    const handling = ScriptedHandling.byHand();
    const asked = handling.run(() => ask(client, 'x', { made: (call) => setImmediate(() => call.cancel()) }));
    await new Promise(setImmediate);
    handling.only.receive(reply('ordered'));
    expect((await asked).value).toBe('ordered');
  });
});

describe('a handler that gets the reply to its call', () => {
  const echo = (text: string, callback: requestCallback<string>) => {
    const { path, requestSerialize, responseDeserialize } = echoDefinition.echo;
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, text, callback);
  };
  const echoed = (text: string): Promise<string> =>
    new Promise((resolve, reject) => echo(text, (error, value) => (error ? reject(error) : resolve(value ?? ''))));

  it('goes on as that handler, with callbacks', async () => {
    const handling = ScriptedHandling.primary();
    const values = await new Promise((resolve) => {
      handling.run(() =>
        echo('a', (_error, first) =>
          echo('b', (_other, second) => resolve([first, second, currentHandling() === handling])),
        ),
      );
    });
    expect(values).toEqual(['a', 'b', true]);
    expect(handling.made).toHaveLength(2);
  });

  it('goes on as that handler, with promises', async () => {
    const handling = ScriptedHandling.primary();
    const values = await handling.run(async () => {
      const together = await Promise.all([echoed('a'), echoed('b')]);
      return [...together, await echoed('c'), currentHandling() === handling];
    });
    expect(values).toEqual(['a', 'b', 'c', true]);
    expect(handling.made.map(({ request }) => Buffer.from(request.message).toString())).toEqual(['a', 'b', 'c']);
  });

  it('does the same on a replica that does not send', async () => {
    const handler = async (): Promise<string> => {
      const failed = await echoed('not found').catch(({ code }: { code: number }) => code);
      return `${failed} ${await echoed('x')}`;
    };
    const primary = ScriptedHandling.byHand();
    const backup = ScriptedHandling.byHand();
    const values = Promise.all([primary, backup].map((each) => each.run(handler)));
    for (const index of [0, 1]) {
      const outcome = await primary.made[index]?.send(callerAt(7, index));
      expect(backup.made[index]?.request).toEqual(primary.made[index]?.request);
      for (const each of [primary, backup]) if (outcome !== undefined) each.made[index]?.receive(outcome);
      await new Promise(setImmediate);
    }
    expect(await values).toEqual(['5 x', '5 x']);
    expect(called.seen).toHaveLength(2);
  });

  it('throws its errors to the code that gives it the reply', () => {
    const handling = ScriptedHandling.byHand();
    handling.run(() =>
      echo('x', () => {
        throw new Error('handler');
      }),
    );
    expect(() => handling.only.receive(reply('x'))).toThrow('handler');
  });

  it('gets it through the interceptors of the client and of the call', async () => {
    const adding =
      (text: string): Interceptor =>
      (options, nextCall) =>
        new InterceptingCall(nextCall(options), { sendMessage: (message, next) => next(`${message}${text}`) });
    const own = called.connect({ interceptors: [adding(' client')] });
    const handling = ScriptedHandling.primary();
    expect((await handling.run(() => ask(own, 'x'))).value).toBe('x client');
    const options = { interceptors: [adding(' call')] };
    expect((await handling.run(() => ask(own, 'x', { options }))).value).toBe('x call');
    expect(handling.made).toHaveLength(2);
  });

  it('does not touch calls that are made elsewhere meanwhile', async () => {
    const handling = ScriptedHandling.byHand();
    const inside = handling.run(() => ask(client, 'x'));
    expect((await ask(client, 'y')).value).toBe('y');
    expect(called.seen).toMatchObject([{ message: Buffer.from('y') }]);
    expect(called.seen[0]?.nested).toBeUndefined();
    expect(handling.made).toHaveLength(1);
    handling.only.receive(reply('x'));
    await inside;
  });

  it('gets the same error on all replicas if its client has only some of the options', async () => {
    const { callInvocationTransformer: _, ...rest } = replicatedForTest();
    const apart = connectTo(called.group.target, rest);
    const handling = ScriptedHandling.byHand();
    const { error } = await handling.run(() => ask(apart, 'x'));
    expect(error?.metadata.get('understudy-code')).toEqual(['UNDERSTUDY_SETUP']);
    expect(handling.made).toEqual([]);
    apart.close();
  });
});
