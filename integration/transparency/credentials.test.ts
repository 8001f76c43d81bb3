import {
  type CallCredentials,
  credentials,
  InterceptingCall,
  type Interceptor,
  Metadata,
  ServerInterceptingCall,
  type ServerInterceptor,
  status as Status,
} from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { Conversation, errorOf, type Heard, hear, statusOf, textsOf } from './conversation.js';
import { bare, deployments, kindsOf, use } from './deployment.js';
import { effectOf, withoutEffect } from './effect.js';
import { Place } from './place.js';
import { reply, report, text } from './script.js';
import type { Seen } from './service.js';
import { Tls } from './tls.js';

const seen = (heard: readonly Heard[]): Seen => JSON.parse(textsOf(heard)[0] ?? '');

/** Call credentials that add metadata and note the URLs that they were asked for. */
const generating = (entries: Record<string, string>, notes: object[] = []): CallCredentials =>
  credentials.createFromMetadataGenerator((parameters, callback) => {
    notes.push({ method: parameters.method_name, service: parameters.service_url });
    const metadata = new Metadata();
    for (const [key, value] of Object.entries(entries)) metadata.set(key, value);
    callback(null, metadata);
  });

const failing = (code?: number): CallCredentials =>
  credentials.createFromMetadataGenerator((_parameters, callback) =>
    callback(Object.assign(new Error('no token today'), code !== undefined && { code })),
  );

describe.each(deployments)('call credentials, %s', (deployment) => {
  const group = use(deployment);
  const reference = use(bare);

  describe.each(kindsOf(deployment))('%s', (kind) => {
    it('add metadata to the call', async () => {
      const notes: { method: string; service: string }[] = [];
      const options = { credentials: generating({ authorization: 'Bearer t', tag: 'b' }, notes) };
      const heard = await hear(group().client, kind, [{ steps: [report] }], { options, metadata: [text('tag', 'a')] });
      expect(seen(heard).metadata).toMatchObject({ authorization: ['Bearer t'], tag: ['a, b'] });
      const host = '127.0.0.1';
      const { path } = seen(heard);
      expect(notes).toEqual([{ method: path, service: `https://${host}/transparency.v1.Script` }]);
    });

    it('are asked anew for each call', async () => {
      const notes: object[] = [];
      const options = { credentials: generating({ authorization: 'Bearer t' }, notes) };
      for (let i = 0; i < 3; i++) await hear(group().client, kind, [{ steps: [reply('x')] }], { options });
      expect(notes).toHaveLength(3);
    });

    it('may be combined', async () => {
      const combined = credentials.combineCallCredentials(generating({ one: '1' }), generating({ two: '2' }));
      const heard = await hear(group().client, kind, [{ steps: [report] }], { options: { credentials: combined } });
      expect(seen(heard).metadata).toMatchObject({ one: ['1'], two: ['2'] });
    });

    it.each([undefined, Status.UNAUTHENTICATED, Status.UNAVAILABLE, Status.NOT_FOUND])(
      'that fail end the call before it is performed (%s)',
      async (code) => {
        const request = { name: `${kind} ${code}`, steps: [reply('x')] };
        const manner = { options: { credentials: failing(code) } };
        const heard = await hear(group().client, kind, [request], manner);
        expect(withoutEffect(heard)).toEqual(await hear(reference().client, kind, [request], manner));
        expect(errorOf(heard)?.details).toContain('no token today');
        expect(effectOf(heard)).toBe(deployment.replicated ? false : undefined);
        expect(group().serving.script.performed).not.toContain(request.name);
      },
    );
  });
});

const tls = new Tls();

/** Notes whether the service's interceptors see the connection of a call. */
const authNotes: (string | undefined)[] = [];
const noting: ServerInterceptor = (method, call) => {
  if (method.path.startsWith('/transparency.')) authNotes.push(call.getAuthContext()?.transportSecurityType);
  return new ServerInterceptingCall(call);
};

describe.each(deployments)('channel credentials for TLS, %s', (deployment) => {
  const group = use(deployment, () => ({ tls, interceptors: [noting] }));

  describe.each(kindsOf(deployment))('%s', (kind) => {
    it('encrypt the connection, which the client sees', async () => {
      const conversation = new Conversation(group().client, kind, [{ steps: [reply('x')] }], { open: true });
      const peers: [string, unknown][] = [];
      conversation.call.on('metadata', () => {
        const context = conversation.call.getAuthContext();
        peers.push([conversation.call.getPeer(), context?.sslPeerCertificate?.subject.CN]);
      });
      if (kind === 'clientStream' || kind === 'bidi') conversation.endRequests();
      expect(textsOf(await conversation.ended)).toEqual(['x']);
      expect(peers).toEqual([[group().serving.address, 'scripts']]);
    });

    // A replicated handler sees no connection, because the other replicas do not have it.
    it('tell the handler that the connection is secure, unless it is replicated', async () => {
      const heard = await hear(group().client, kind, [{ steps: [report] }]);
      expect(seen(heard).secure).toBe(!deployment.replicated);
    });

    it('may include call credentials for all calls, which give a new token each time', async () => {
      const notes: object[] = [];
      const ofChannel = credentials.createFromMetadataGenerator((parameters, callback) => {
        notes.push({ method: parameters.method_name, service: parameters.service_url });
        const metadata = new Metadata();
        metadata.set('authorization', `Bearer ${notes.length}`);
        callback(null, metadata);
      });
      const both = credentials.combineChannelCredentials(tls.clientCredentials, ofChannel);
      const client = group().connect({ credentials: both });
      for (let i = 0; i < 3; i++) {
        const options = { credentials: generating({ tag: 'of the call' }) };
        const { metadata, path } = seen(await hear(client, kind, [{ steps: [report] }], { options }));
        expect(metadata).toMatchObject({
          authorization: [expect.stringMatching(/^Bearer \d+$/)],
          tag: ['of the call'],
        });
        expect(notes).toContainEqual({ method: path, service: 'https://127.0.0.1/transparency.v1.Script' });
      }
    });

    it('that do not trust the server make calls fail', async () => {
      const client = group().connect({ credentials: credentials.createSsl(new Tls().certificate) });
      const heard = await hear(client, kind, [{ steps: [reply('x')] }]);
      expect(statusOf(heard).code).toBe(Status.UNAVAILABLE);
      expect(statusOf(heard).details).toMatch(/self-signed certificate/);
    });

    it('without TLS make calls fail', async () => {
      const client = group().connect({ credentials: credentials.createInsecure() });
      expect(statusOf(await hear(client, kind, [{ steps: [reply('x')] }])).code).toBe(Status.UNAVAILABLE);
    });

    it('may override the name of the server', async () => {
      const wrong = group().connect({ options: { 'grpc.ssl_target_name_override': 'elsewhere' } });
      const heard = await hear(wrong, kind, [{ steps: [reply('x')] }]);
      expect(statusOf(heard).details).toContain("does not match certificate's altnames");
      const right = group().connect({ options: { 'grpc.ssl_target_name_override': 'localhost' } });
      expect(textsOf(await hear(right, kind, [{ steps: [reply('x')] }]))).toEqual(['x']);
    });
  });

  it('are visible to interceptors of the service, except for calls in frames', async () => {
    authNotes.length = 0;
    await hear(group().client, 'unary', [{ steps: [reply('x')] }]);
    expect(authNotes).toEqual([deployment.name === 'stream' ? undefined : 'ssl']);
  });
});

describe.each(deployments)('peers, %s', (deployment) => {
  const group = use(deployment);

  it.each(kindsOf(deployment))('are known on both sides, %s', async (kind) => {
    const ofInterceptor: string[] = [];
    const noting: Interceptor = (options, nextCall) => {
      const call = new InterceptingCall(nextCall(options));
      return new InterceptingCall(call, {
        start: (metadata, _listener, next) =>
          next(metadata, {
            onReceiveStatus: (status, pass) => {
              ofInterceptor.push(call.getPeer());
              pass(status);
            },
          }),
      });
    };
    const client = group().connect({ interceptors: [noting] });
    const conversation = new Conversation(client, kind, [{ steps: [report] }]);
    const heard = await conversation.ended;
    expect(conversation.call.getPeer()).toBe(group().serving.address);
    expect(ofInterceptor).toEqual([group().serving.address]);
    expect(seen(heard).peer).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(seen(heard).peer).not.toBe(group().serving.address);
  });
});

describe.each(deployments)('a client whose servers come later, %s', (deployment) => {
  it.each(kindsOf(deployment))('waits for them if waitForReady is set, %s', async (kind) => {
    const places = await Place.reserveAll(deployment.servers);
    const running = deployment.prepare(places);
    const client = running.connect({ options: { 'grpc.initial_reconnect_backoff_ms': 100 } });
    const metadata = new Metadata({ waitForReady: true });
    const conversation = new Conversation(client, kind, [{ steps: [reply('at last')] }], { metadata });
    await Promise.all(places.map(({ attempted }) => attempted));
    await running.start();
    expect(textsOf(await conversation.ended)).toEqual(['at last']);
    await running.stop();
  });

  it.each(kindsOf(deployment))('fails at once if waitForReady is not set, %s', async (kind) => {
    const places = await Place.reserveAll(deployment.servers);
    const running = deployment.prepare(places);
    const heard = await hear(running.connect(), kind, [{ steps: [reply('x')] }]);
    expect(statusOf(heard).code).toBe(Status.UNAVAILABLE);
    expect(effectOf(heard)).toBe(deployment.replicated ? false : undefined);
    await running.stop();
    await Promise.all(places.map((place) => place.release()));
  });

  it('learns when its channel is ready', async () => {
    const places = await Place.reserveAll(deployment.servers);
    const running = deployment.prepare(places);
    const client = running.connect({ options: { 'grpc.initial_reconnect_backoff_ms': 100 } });
    const ready = new Promise<Error | undefined>((resolve) => client.waitForReady(Number.POSITIVE_INFINITY, resolve));
    await Promise.all(places.map(({ attempted }) => attempted));
    await running.start();
    expect(await ready).toBeUndefined();
    expect(textsOf(await hear(client, 'unary', [{ steps: [reply('x')] }]))).toEqual(['x']);
    await running.stop();
  });
});
