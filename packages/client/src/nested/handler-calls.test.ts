import {
  type CallOptions,
  type Client,
  credentials,
  Metadata,
  type requestCallback,
  status as Status,
} from '@grpc/grpc-js';
import type { SessionFrame } from '@understudy/core/internal';
import { callerProof } from '@understudy/grpc-common';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { understudyClient } from '../setup/replicated.js';
import { CalledGroup } from '../testing/called-group.js';
import { ask, echoDefinition, reply } from '../testing/echo.js';
import { callerAt, ScriptedHandling } from '../testing/scripted-handling.js';

let called: CalledGroup;
let client: Client;
beforeAll(async () => {
  called = await CalledGroup.start(2);
});
afterAll(() => called.group.stop());
beforeEach(() => {
  client = called.connect();
});
afterEach(() => called.forget());

const bodies = (frames: readonly SessionFrame[] = []) =>
  frames.flatMap((frame) => (frame.kind === 'multicast' ? frame.requests : []));

describe('a unary call that a handler makes', () => {
  it('becomes a request to its replica and does not leave', async () => {
    const backup = ScriptedHandling.byHand();
    const asked = backup.run(() => ask(client, 'x'));
    const { request, receive } = backup.only;
    expect(request).toEqual({ method: '/test.Echo/Echo', message: Buffer.from('x') });
    receive(reply('ordered'));
    expect(await asked).toMatchObject({ value: 'ordered', events: ['metadata', 'value', 'status'] });
    expect(understudyClient(client).status()).toMatchObject({ connection: undefined });
    expect(called.seen).toEqual([]);
  });

  it('is sent by the primary when its replica says so, and ends with the reply', async () => {
    const primary = ScriptedHandling.byHand();
    const asked = primary.run(() => ask(client, 'x'));
    const outcome = await primary.only.send(callerAt(7));
    expect(outcome).toMatchObject({ code: Status.OK, message: Buffer.from('x') });
    primary.only.receive(outcome);
    expect((await asked).value).toBe('x');
  });

  it('proves by a secret which group calls', async () => {
    const primary = ScriptedHandling.byHand();
    const knowing = called.connect({ callerSecret: 's'.repeat(32) });
    void primary.run(() => ask(knowing, 'x'));
    await primary.only.send(callerAt(9, 2));
    const proof = callerProof('s'.repeat(32), 'test', callerAt(9, 2));
    expect(called.seen.map(({ nested }) => nested)).toEqual([{ ...callerAt(9, 2), proof }]);
  });

  it('tells the group that it calls which group calls, apart from its metadata', async () => {
    const primary = ScriptedHandling.byHand();
    const metadata = new Metadata();
    metadata.set('tag', 'a');
    metadata.set('blob-bin', Buffer.from([0, 255]));
    void primary.run(() => ask(client, 'hang', { metadata }));
    // The handler's own metadata may change meanwhile.
    metadata.set('tag', 'b');
    const sent = primary.only.send(callerAt(7, 1));
    const request = {
      method: '/test.Echo/Echo',
      message: Buffer.from('hang'),
      metadata: [
        ['tag', 'a'],
        ['blob-bin', Buffer.from([0, 255])],
      ],
      nested: callerAt(7, 1),
    };
    // This waits before the answer, because a session that has nothing left to do may end before it has reached all
    // replicas.
    for (const replica of called.group.replicas) {
      await replica.until(({ frames }) => bodies(frames).some(({ request: { nested } }) => nested?.id.index === 1));
      expect(bodies(replica.frames).at(-1)?.request).toEqual(request);
    }
    await called.held();
    called.group.answerHeld();
    primary.only.receive(await sent);
  });

  it('can be sent again by a replica that sent it before', async () => {
    const primary = ScriptedHandling.byHand();
    const asked = primary.run(() => ask(client, 'x'));
    await primary.only.send(callerAt(7));
    primary.only.receive(await primary.only.send(callerAt(7)));
    expect((await asked).value).toBe('x');
    expect(called.seen.map(({ nested }) => nested)).toEqual([callerAt(7), callerAt(7)]);
  });

  it('ends with an error and its trailers', async () => {
    const { error, events } = await ScriptedHandling.primary().run(() => ask(client, 'not found'));
    expect(error).toMatchObject({ code: Status.NOT_FOUND, details: 'no such thing' });
    expect(error?.metadata.get('why')).toEqual(['gone']);
    expect(events).toEqual(['error', 'status']);
  });

  it('hears initial metadata and trailers, binary ones too', async () => {
    const { initialMetadata, trailers } = await ScriptedHandling.primary().run(() => ask(client, 'metadata'));
    expect(initialMetadata?.toJSON()).toEqual({ first: ['1'], 'blob-bin': [Buffer.from([0, 255])] });
    expect(trailers?.toJSON()).toEqual({ 'last-bin': [Buffer.from([2])] });
  });

  it('ends at once, unknown to its replica, when its request cannot be serialized', async () => {
    const handling = ScriptedHandling.byHand();
    const { error } = await handling.run(() => ask(client, 'unserializable'));
    expect(error).toMatchObject({
      code: Status.INTERNAL,
      details: 'Request message serialization failure: cannot serialize this',
    });
    expect(handling.made).toEqual([]);
  });

  it('ends with an error when its reply cannot be parsed', async () => {
    const { error } = await ScriptedHandling.primary().run(() => ask(client, 'unparsable'));
    expect(error).toMatchObject({
      code: Status.INTERNAL,
      details: 'Response message parsing error: cannot parse this',
    });
  });

  it("ends with the primary's refusal when it is too large to send", async () => {
    const small = called.connect({}, { 'grpc.max_send_message_length': 50 });
    const { error } = await ScriptedHandling.primary().run(() => ask(small, 'x'.repeat(100)));
    expect(error).toMatchObject({ code: Status.RESOURCE_EXHAUSTED });
  });

  it('ends with an error, instead of throwing in one replica only, when its client was closed', async () => {
    const closed = called.connect();
    await understudyClient(closed).close();
    const { error } = await ScriptedHandling.primary().run(() => ask(closed, 'x'));
    expect(error).toMatchObject({ code: Status.UNAVAILABLE, details: 'Channel has been shut down' });
  });

  it('asks its credentials only when it is sent', async () => {
    let asks = 0;
    const generated = credentials.createFromMetadataGenerator((_params, callback) => {
      const metadata = new Metadata();
      metadata.set('authorization', `token ${++asks}`);
      callback(null, metadata);
    });
    const handling = ScriptedHandling.byHand();
    void handling.run(() => ask(client, 'x', { options: { credentials: generated } }));
    expect(asks).toBe(0);
    handling.only.receive(await handling.only.send(callerAt(7)));
    expect(called.seen[0]?.metadata).toEqual([['authorization', 'token 1']]);
  });

  it.each([
    ['a deadline that is past', { deadline: 1 }],
    ['a deadline soon', { deadline: Date.now() + 60_000 }],
  ])('looks at no clock: %s', async (_, options: CallOptions) => {
    const handling = ScriptedHandling.byHand();
    const asked = handling.run(() => ask(client, 'x', { options }));
    const { code } = await handling.only.send(callerAt(7));
    expect(code).toBe(options.deadline === 1 ? Status.DEADLINE_EXCEEDED : Status.OK);
    handling.only.receive(reply('ordered'));
    expect((await asked).value).toBe('ordered');
  });

  it('leaves through the channel if each replica answers the method for itself', async () => {
    const { echo } = echoDefinition;
    const check = { ...echo, path: '/grpc.health.v1.Health/Check' };
    for (const { server } of called.group.replicas) {
      server.addService(
        { check },
        { check: (call: { request: string }, back: requestCallback<string>) => back(null, call.request) },
      );
    }
    const handling = ScriptedHandling.byHand();
    const value = new Promise((resolve) => {
      handling.run(() =>
        client.makeUnaryRequest(check.path, check.requestSerialize, check.responseDeserialize, 'x', (_error, text) =>
          resolve(text),
        ),
      );
    });
    handling.only.receive(await handling.only.send(callerAt(7)));
    expect(await value).toBe('x');
    expect(called.seen).toEqual([]);
  });
});

describe('a call whose metadata names a calling group', () => {
  it('ends with an error when that name cannot be read', async () => {
    const metadata = new Metadata();
    metadata.set('understudy-nested-bin', Buffer.from([1, 2, 3]));
    const { error } = await ask(client, 'x', { metadata });
    expect(error?.metadata.get('understudy-code')).toEqual(['UNDERSTUDY_MALFORMED']);
    expect(called.seen).toEqual([]);
  });
});
