import { status as Status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { Conversation, type Heard, hear, messagesOf, statusOf, textsOf } from './conversation.js';
import { deployments, kindsOf, streaming, use } from './deployment.js';
import { effectOf } from './effect.js';
import { blob, echo, reply, report, type Step, text } from './script.js';
import type { Seen } from './service.js';

const MIB = 1024 * 1024;
/** The largest message that gRPC receives by default. */
const LIMIT = 4 * MIB;
/** The size of a payload whose message has that length: tag and length take 5 bytes. */
const FULL = LIMIT - 5;

const bytes = (length: number): Buffer => Buffer.alloc(length, 7);
const payloadOf = (heard: readonly Heard[]): Buffer | undefined => messagesOf(heard)[0]?.payload;

describe.each(deployments)('messages, %s', (deployment) => {
  const group = use(deployment);

  describe.each(kindsOf(deployment))('%s', (kind) => {
    const ask = (steps: Step[], payload?: Buffer) =>
      hear(group().client, kind, [{ steps, ...(payload && { payload }) }]);

    it('may be empty both ways', async () => {
      const heard = await hear(group().client, kind, [{}]);
      expect(statusOf(heard).code).toBe(Status.OK);
      const singleReply = kind === 'unary' || kind === 'clientStream';
      expect(messagesOf(heard)).toEqual(singleReply ? [{ text: '', payload: Buffer.alloc(0) }] : []);
    });

    it('may have 4 MiB each way', async () => {
      const heard = await ask([blob(FULL)], bytes(FULL - 100));
      expect(statusOf(heard).code).toBe(Status.OK);
      expect(payloadOf(heard)?.equals(bytes(FULL))).toBe(true);
    });

    it('are too large to receive for a client beyond its limit', async () => {
      const heard = await ask([blob(FULL + 1)]);
      expect(statusOf(heard)).toMatchObject({
        code: Status.RESOURCE_EXHAUSTED,
        details: `Received message larger than max (${LIMIT + 1} vs ${LIMIT})`,
      });
      // The handler performed the call nevertheless.
      expect(effectOf(heard)).toBe(deployment.replicated ? true : undefined);
      expect(textsOf(await ask([reply('next')]))).toEqual(['next']);
    });

    it('are too large to receive for a client that set a limit of its own', async () => {
      const options = { 'grpc.max_receive_message_length': 1000 };
      const client = group().connect({ options });
      expect(statusOf(await hear(client, kind, [{ steps: [blob(900)] }])).code).toBe(Status.OK);
      const heard = await hear(client, kind, [{ steps: [blob(1100)] }]);
      expect(statusOf(heard).code).toBe(Status.RESOURCE_EXHAUSTED);
      expect(textsOf(await hear(client, kind, [{ steps: [reply('next')] }]))).toEqual(['next']);
    });

    it('are received by a client without a limit', async () => {
      const client = group().connect({ options: { 'grpc.max_receive_message_length': -1 } });
      const heard = await hear(client, kind, [{ steps: [blob(5 * MIB)] }]);
      expect(payloadOf(heard)?.length).toBe(5 * MIB);
    });

    it('are too large to send for a client beyond its limit, and not performed', async () => {
      const options = { 'grpc.max_send_message_length': 1000 };
      const client = group().connect({ options });
      const small = { name: `${kind} small`, steps: [reply('x')], payload: bytes(800) };
      expect(textsOf(await hear(client, kind, [small]))).toEqual(['x']);
      const heard = await hear(client, kind, [{ ...small, name: `${kind} large`, payload: bytes(1100) }]);
      const details = 'Attempted to send message with a size larger than 1000';
      expect(statusOf(heard)).toMatchObject({ code: Status.RESOURCE_EXHAUSTED, details });
      // A call with a stream of requests was opened before.
      const opened = kind === 'clientStream' || kind === 'bidi';
      expect(effectOf(heard)).toBe(deployment.replicated ? opened : undefined);
      expect(group().serving.script.performed).not.toContain(`${kind} large`);
    });

    it.each([
      ['deflate', 1],
      ['gzip', 2],
    ])('may be compressed by the client, %s', async (_name, algorithm) => {
      const client = group().connect({ options: { 'grpc.default_compression_algorithm': algorithm } });
      for (const payload of [Buffer.alloc(0), bytes(100), bytes(MIB)]) {
        const heard = await hear(client, kind, [{ steps: [echo], payload }]);
        expect(payloadOf(heard)?.equals(payload)).toBe(true);
      }
      const { metadata } = JSON.parse(textsOf(await hear(client, kind, [{ steps: [report] }]))[0] ?? '') as Seen;
      expect(Object.keys(metadata).filter((key) => key.includes('encoding'))).toEqual([]);
    });

    it('carry a requested encoding like any other metadata', async () => {
      const metadata = [text('grpc-internal-encoding-request', 'gzip')];
      const heard = await hear(group().client, kind, [{ steps: [report] }], { metadata });
      expect((JSON.parse(textsOf(heard)[0] ?? '') as Seen).metadata).toMatchObject({
        'grpc-internal-encoding-request': ['gzip'],
      });
    });
  });

  const sentAtOnce = kindsOf(deployment).filter((kind) => kind === 'unary' || kind === 'serverStream');
  it.each(sentAtOnce)('keep the content that they had when the call was made, %s', async (kind) => {
    const payload = bytes(1000);
    const heard = hear(group().client, kind, [{ steps: [echo], payload }]);
    payload.fill(0);
    expect(payloadOf(await heard)?.equals(bytes(1000))).toBe(true);
  });
});

/** A limit above the largest size of a frame. */
const SERVER_LIMIT = 2 * MIB;

describe.each(deployments)('messages and the limits of a server, %s', (deployment) => {
  const limits = { 'grpc.max_receive_message_length': SERVER_LIMIT, 'grpc.max_send_message_length': SERVER_LIMIT };
  const group = use(deployment, () => ({ serverOptions: limits }));

  describe.each(kindsOf(deployment))('%s', (kind) => {
    it('below the limits pass', async () => {
      const heard = await hear(group().client, kind, [{ steps: [echo], payload: bytes(SERVER_LIMIT - 100) }]);
      expect(payloadOf(heard)?.length).toBe(SERVER_LIMIT - 100);
    });

    // A replicated service receives messages in parts, in frames that are below the limit.
    it('beyond the limits are too large to receive, unless the service is replicated', async () => {
      const requests = [{ name: `${kind} large`, steps: [reply('x')], payload: bytes(SERVER_LIMIT) }];
      const heard = await hear(group().client, kind, requests);
      if (deployment.replicated) {
        expect(textsOf(heard)).toEqual(['x']);
      } else {
        expect(statusOf(heard).code).toBe(Status.RESOURCE_EXHAUSTED);
        expect(statusOf(heard).details).toMatch(/^Received message larger than max \(\d+ vs 2097152\)$/);
      }
      const performed = group().serving.script.performed.filter((name) => name === `${kind} large`);
      expect(performed).toHaveLength(deployment.replicated ? 1 : 0);
    });

    it('beyond the limits are too large to send, unless the service is replicated', async () => {
      const requests = [{ name: `${kind} blob`, steps: [blob(SERVER_LIMIT)] }];
      const heard = await hear(group().client, kind, requests);
      if (deployment.replicated) {
        expect(payloadOf(heard)?.length).toBe(SERVER_LIMIT);
      } else {
        expect(statusOf(heard).code).toBe(Status.RESOURCE_EXHAUSTED);
        expect(statusOf(heard).details).toMatch(/^Sent message larger than max \(\d+ vs. 2097152\)$/);
      }
      expect(group().serving.script.performed.filter((name) => name === `${kind} blob`)).toHaveLength(1);
    });
  });
});

describe.each(streaming)('many messages, %s', (deployment) => {
  const group = use(deployment);
  const MANY = 1000;
  const numbers = Array.from({ length: MANY }, (_, i) => String(i));

  it('of a client stream arrive in their order', async () => {
    const requests = numbers.map((name) => ({ name: `client ${name}`, steps: [reply(name)] }));
    expect(textsOf(await hear(group().client, 'clientStream', requests))).toEqual([String(MANY - 1)]);
    const { performed } = group().serving.script;
    expect(performed.filter((name) => name.startsWith('client'))).toEqual(numbers.map((name) => `client ${name}`));
  });

  it('of a server stream arrive in their order', async () => {
    const heard = await hear(group().client, 'serverStream', [{ steps: numbers.map(reply) }]);
    expect(textsOf(heard)).toEqual(numbers);
  });

  it('of a bidirectional stream arrive in their order', async () => {
    const requests = numbers.map((number) => ({ steps: [reply(number)] }));
    expect(textsOf(await hear(group().client, 'bidi', requests))).toEqual(numbers);
  });

  it.each(['clientStream', 'bidi'] as const)('may be none, %s', async (kind) => {
    const heard = await hear(group().client, kind, []);
    expect(statusOf(heard).code).toBe(Status.OK);
    expect(messagesOf(heard)).toHaveLength(kind === 'clientStream' ? 1 : 0);
  });

  it('may be sent by the handler after the end of the requests', async () => {
    const requests = [{ steps: [reply('1')], atEnd: [reply('3')] }, { steps: [reply('2')] }];
    expect(textsOf(await hear(group().client, 'bidi', requests))).toEqual(['1', '2', '3']);
  });

  it('may go back and forth', async () => {
    const conversation = new Conversation(group().client, 'bidi', [], { open: true });
    for (let i = 1; i <= 100; i++) {
      conversation.send({ steps: [reply(`${i}`), reply(`${i}, again`)] });
      await conversation.messages(2 * i);
    }
    conversation.endRequests();
    expect(textsOf(await conversation.ended).slice(-2)).toEqual(['100', '100, again']);
  });
});
