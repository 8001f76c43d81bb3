import { InterceptingCall, type Interceptor, status as Status } from '@grpc/grpc-js';
import { UnderstudyError } from '@understudy/core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ask, connectTo, echoing, serviceConfig } from '../testing/echo.js';
import { ScriptedGroup } from '../testing/scripted-replica.js';
import { replicatedForTest } from '../testing/session-under-test.js';
import { registerUnderstudy } from './registration.js';
import { replicated, understudyClient } from './replicated.js';

let group: ScriptedGroup;
const closers: (() => unknown)[] = [];
beforeAll(async () => {
  group = await ScriptedGroup.start(1, echoing);
});
afterAll(() => group.stop());
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

function connect(options: Parameters<typeof replicatedForTest>[0] = {}) {
  const client = connectTo(group.target, replicatedForTest(options));
  closers.push(() => understudyClient(client).close());
  return client;
}

/** Makes an interceptor that notes when it sees a call go out and its message come back. */
const noting =
  (name: string, notes: string[]): Interceptor =>
  (options, nextCall) =>
    new InterceptingCall(nextCall(options), {
      sendMessage: (message, next) => {
        notes.push(`${name} out`);
        next(`${message}+${name}`);
      },
      start: (metadata, _listener, next) =>
        next(metadata, {
          onReceiveMessage: (message, forward) => {
            notes.push(`${name} in`);
            forward(message);
          },
        }),
    });

describe('interceptors of a replicated client', () => {
  it("run outside of ours, in the application's order", async () => {
    const notes: string[] = [];
    const client = connect({ interceptors: [noting('a', notes), noting('b', notes)] });
    expect((await ask(client, 'x')).value).toBe('x+a+b');
    expect(notes).toEqual(['a out', 'b out', 'b in', 'a in']);
  });

  it('replace those of the client, but not ours, when a call has its own', async () => {
    const notes: string[] = [];
    const client = connect({ interceptors: [noting('client', notes)] });
    expect((await ask(client, 'x', { options: { interceptors: [noting('call', notes)] } })).value).toBe('x+call');
    expect((await ask(client, 'y', { options: { interceptor_providers: [() => noting('given', notes)] } })).value).toBe(
      'y+given',
    );
    expect(understudyClient(client).status().term).toBe(1);
  });

  it('may hold a call back and change it later', async () => {
    const slow: Interceptor = (options, nextCall) =>
      new InterceptingCall(nextCall(options), {
        start: (metadata, listener, next) => {
          setImmediate(() => {
            metadata.set('tag', 'late');
            next(metadata, listener);
          });
        },
      });
    const client = connect({ interceptors: [slow] });
    expect((await ask(client, 'x')).value).toBe('x');
  });

  it('may answer a call without the server', async () => {
    const refusing: Interceptor = (options, nextCall) =>
      new InterceptingCall(nextCall(options), {
        start: (metadata, listener) => {
          setImmediate(() => listener.onReceiveStatus({ code: Status.PERMISSION_DENIED, details: 'no', metadata }));
        },
        sendMessage: () => {},
        halfClose: () => {},
      });
    expect((await ask(connect({ interceptors: [refusing] }), 'x')).error?.code).toBe(Status.PERMISSION_DENIED);
  });
});

describe('the options that replicated() makes', () => {
  it('may serve several clients, each with a group of its own', async () => {
    const other = await ScriptedGroup.start(1, () => echoing({ method: '', message: Buffer.from('other') }));
    const options = replicatedForTest();
    const first = connectTo(group.target, options);
    const second = connectTo(other.target, options);
    expect((await ask(first, 'x')).value).toBe('x');
    expect((await ask(second, 'x')).value).toBe('other');
    await Promise.all([first, second].map((client) => understudyClient(client).close()));
    other.stop();
  });

  it.each([
    [{}, 'loadBalancingConfig'],
    [
      { loadBalancingConfig: [{ understudy: { group: 'a', leaseMs: '300' } }] },
      'loadBalancingConfig[0].understudy.leaseMs',
    ],
    ['not json', 'not JSON'],
  ])('are refused at once, with the field, when they are wrong: %j', (config, field) => {
    expect(() => replicated({ serviceConfig: config })).toThrow(UnderstudyError);
    expect(() => replicated({ serviceConfig: config })).toThrow(field);
  });

  it("make a client's constructor throw for a target of another kind", () => {
    expect(() => connectTo('localhost:1', replicated({ serviceConfig }))).toThrow(/UNDERSTUDY_CONFIG.*localhost:1/);
  });

  it('end calls with a status that says so if a client has only some of them', async () => {
    const { callInvocationTransformer: _, ...rest } = replicatedForTest();
    const client = connectTo(group.target, rest);
    const { error } = await ask(client, 'x');
    expect(error?.metadata.get('understudy-code')).toEqual(['UNDERSTUDY_SETUP']);
    client.close();
  });

  it('must be those of a client that is given to understudyClient()', () => {
    registerUnderstudy();
    const client = connectTo('localhost:1', {});
    expect(() => understudyClient(client)).toThrow('UNDERSTUDY_SETUP');
    client.close();
  });
});
