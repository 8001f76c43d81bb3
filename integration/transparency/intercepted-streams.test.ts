import { credentials, Metadata, ServerInterceptingCall, type ServerInterceptor, status as Status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { Conversation, errorOf, type Kind, type Manner, statusOf, textsOf } from './conversation.js';
import { deployments, type Running, use } from './deployment.js';
import { end, type Reply, type Request, reply, ScriptClient, text } from './script.js';

/** The notes of an interceptor of the service, by the number of the call. */
class Notes {
  readonly calls: string[][] = [];

  begin(): string[] {
    const notes: string[] = [];
    this.calls.push(notes);
    return notes;
  }
}

/** An interceptor that checks callers, marks messages, ends streams at a limit, and notes all of this. */
const guarding =
  (notes: Notes): ServerInterceptor =>
  (method, call) => {
    if (!method.path.startsWith('/transparency.')) return call as ServerInterceptingCall;
    const mine = notes.begin();
    const refuse = (details: string): void => {
      const metadata = new Metadata();
      metadata.set('reason', details);
      call.sendStatus({ code: Status.PERMISSION_DENIED, details, metadata });
    };
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, pass) => {
            mine.push(`metadata of ${metadata.get('token')}`);
            if (metadata.get('token').length === 0) return refuse('no token');
            pass(metadata);
          },
          onReceiveMessage: (message: Request, pass) => {
            mine.push(`message ${message.name}`);
            if (message.name === 'forbidden') return refuse('too far');
            pass({ ...message, name: `marked ${message.name}` });
          },
          onReceiveHalfClose: (pass) => {
            mine.push('half close');
            pass();
          },
          onCancel: () => void mine.push('over'),
        }),
      sendMessage: (message: Reply, pass) => {
        if (message.text === 'secret') return refuse('leak');
        pass({ ...message, text: `marked ${message.text}` });
      },
    });
  };

const metadata = [text('token', 't')];
const performed = (running: Running) => running.servers.map(({ script }) => script.performed);

describe.each(deployments)('a stream of a service with interceptors, %s', (deployment) => {
  const notes = new Notes();
  const group = use(deployment, () => ({ interceptors: [guarding(notes)] }));

  it('that one of them ends in the middle is cancelled for its handler on every replica', async () => {
    const conversation = new Conversation(group().client, 'bidi', [], { metadata, open: true });
    conversation.send({ name: 'good', steps: [reply('one')] });
    await conversation.messages(1);
    conversation.send({ name: 'forbidden', steps: [reply('two')] });
    conversation.send({ name: 'late', steps: [reply('three')] });
    const heard = await conversation.ended;
    expect(textsOf(heard)).toEqual(['marked one']);
    expect(errorOf(heard)).toMatchObject({ code: Status.PERMISSION_DENIED, details: 'too far' });
    expect(statusOf(heard).metadata.reason).toEqual(['too far']);
    await Promise.all(group().servers.map(({ script }) => script.heardOfEnd('marked good')));
    expect(performed(group()).flat()).not.toContain('marked forbidden');
    expect(performed(group()).flat()).not.toContain('marked late');
  });

  it.each(['serverStream', 'bidi', 'clientStream'] as const)(
    'is ended because of what its handler sends, %s',
    async (kind) => {
      const before = kind === 'clientStream' ? [] : [reply('fine')];
      const steps = [...before, reply('secret')];
      const heard = await new Conversation(group().client, kind, [{ name: 'x', steps }], { metadata }).ended;
      expect(textsOf(heard)).toEqual(before.length === 0 ? [] : ['marked fine']);
      expect(errorOf(heard)).toMatchObject({ code: Status.PERMISSION_DENIED, details: 'leak' });
    },
  );

  it('carries many messages both ways, in their order', async () => {
    const conversation = new Conversation(group().client, 'bidi', [], { metadata, open: true });
    const texts = Array.from({ length: 300 }, (_, i) => `m${i}`);
    for (const each of texts) conversation.send({ name: 'many', steps: [reply(each)] });
    conversation.endRequests();
    expect(textsOf(await conversation.ended)).toEqual(texts.map((each) => `marked ${each}`));
  });

  it('tells its handler when the caller cancels', async () => {
    const before = notes.calls.length;
    const conversation = new Conversation(group().client, 'bidi', [{ name: 'c', steps: [reply('x')] }], {
      metadata,
      open: true,
    });
    await conversation.messages(1);
    conversation.call.cancel();
    await conversation.ended;
    await expect.poll(() => notes.calls[before]).toContain('over');
  });
});

describe.each(deployments)('a stream of a client without our interceptor, %s', (deployment) => {
  const notes = new Notes();
  const group = use(deployment, () => ({ interceptors: [guarding(notes)] }));
  /** Connects to the primary, as any gRPC client might. */
  async function talk(kind: Kind, requests: readonly Request[], manner: Manner) {
    const client = new ScriptClient(group().serving.address, credentials.createInsecure());
    const heard = await new Conversation(client, kind, requests, manner).ended;
    client.close();
    return heard;
  }

  it.each(['serverStream', 'bidi', 'clientStream'] as const)('passes the interceptors, too, %s', async (kind) => {
    const heard = await talk(kind, [{ name: 'plain', steps: [reply('one')] }], { metadata });
    expect(textsOf(heard)).toEqual(['marked one']);
    expect(statusOf(heard).code).toBe(Status.OK);
    const { performed } = group().serving.script;
    expect(performed).toContain('marked plain');
  });

  it.each(['serverStream', 'bidi', 'clientStream'] as const)(
    'that the interceptors refuse never reaches the handler, %s',
    async (kind) => {
      const heard = await talk(kind, [{ name: `${kind} by`, steps: [reply('one')] }], {});
      expect(errorOf(heard)).toMatchObject({ code: Status.PERMISSION_DENIED, details: 'no token' });
      expect(group().serving.script.performed).not.toContain(`marked ${kind} by`);
    },
  );

  it('can be ended by them in the middle', async () => {
    const requests = [{ name: 'good', steps: [reply('one')] }, { name: 'forbidden' }];
    const heard = await talk('bidi', requests, { metadata });
    expect(textsOf(heard)).toEqual(['marked one']);
    expect(errorOf(heard)).toMatchObject({ code: Status.PERMISSION_DENIED, details: 'too far' });
  });
});

describe.each(deployments.filter(({ replicated }) => replicated))(
  'a stream that outlives its primary, %s',
  (deployment) => {
    it('passes the interceptors of the next primary anew, with the same metadata', async () => {
      const notes = new Notes();
      const group = await deployment.start({ interceptors: [guarding(notes)] });
      const { serving } = group;
      const conversation = new Conversation(group.client, 'bidi', [], { metadata, open: true });
      conversation.send({ name: 'first', steps: [reply('one')] });
      await conversation.messages(1);
      await serving.leave();
      conversation.send({ name: 'second', steps: [reply('two'), end({ trailers: [text('last', '1')] })] });
      const heard = await conversation.ended;
      expect(textsOf(heard)).toEqual(['marked one', 'marked two']);
      expect(statusOf(heard)).toMatchObject({ code: Status.OK, metadata: { last: ['1'] } });
      expect(notes.calls.map((calls) => calls.filter((note) => note !== 'over'))).toEqual([
        ['metadata of t', 'message first'],
        ['metadata of t', 'message second'],
      ]);
      expect(group.serving.script.performed).toEqual(['marked first', 'marked second']);
      await group.stop();
      expect(group.disagreements).toEqual([]);
    });
  },
);
