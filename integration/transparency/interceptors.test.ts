import {
  InterceptingCall,
  type Interceptor,
  type Listener,
  Metadata,
  ServerInterceptingCall,
  type ServerInterceptor,
  ServerListenerBuilder,
  status as Status,
  type StatusObject,
} from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { Conversation, errorOf, type Heard, hear, initialMetadataOf, statusOf, textsOf } from './conversation.js';
import { bare, deployments, kindsOf, type Running, use } from './deployment.js';
import { withoutEffect } from './effect.js';
import { recording, serverRecording } from './recording.js';
import { end, gate, headers, type Reply, type Request, reply, report, type Step, text } from './script.js';
import type { Seen } from './service.js';

/** The handler's view of its call, without what follows it. */
const seen = (heard: readonly Heard[]): Seen => JSON.parse((textsOf(heard)[0] ?? '').replace(/}, \w+$/, '}'));

/** An interceptor that changes everything that passes. */
const changing: Interceptor = (options, nextCall) =>
  new InterceptingCall(nextCall(options), {
    start: (metadata, _listener, next) => {
      metadata.add('tag', 'of the interceptor');
      next(metadata, {
        onReceiveMetadata: (received, pass) => {
          received.set('initial', 'changed');
          pass(received);
        },
        onReceiveMessage: (message: Required<Reply> | null, pass) =>
          pass(message && { ...message, text: `${message.text}, changed` }),
        onReceiveStatus: (status, pass) => {
          status.metadata.set('last', 'changed');
          pass({ ...status, details: `${status.details}, changed` });
        },
      });
    },
    sendMessage: (message: Request, next) => next({ ...message, steps: [...(message.steps ?? []), report] }),
  });

/** An interceptor that retries a call until it succeeds, as in gRFC L5. */
const retrying: Interceptor = (options, nextCall) => {
  let metadata: Metadata;
  let message: unknown;
  let whole: () => void;
  const attempt = (listener: Partial<Listener>): void => {
    let received: unknown;
    const call = nextCall(options);
    call.start(metadata.clone(), {
      onReceiveMetadata: () => {},
      onReceiveMessage: (each: unknown) => {
        received = each;
      },
      onReceiveStatus: (status: StatusObject) => {
        if (status.code === Status.ABORTED) return attempt(listener);
        (listener.onReceiveMessage as (each: unknown) => void)(received);
        (listener.onReceiveStatus as (each: StatusObject) => void)(status);
      },
    });
    call.sendMessage(message);
    call.halfClose();
  };
  return new InterceptingCall(nextCall(options), {
    start: (given, listener) => {
      metadata = given;
      whole = () => attempt(listener as unknown as Partial<Listener>);
    },
    sendMessage: (given) => {
      message = given;
    },
    halfClose: () => whole(),
  });
};

/** A call that stands in for the rest of the interceptors. */
const nobody = {
  start() {},
  sendMessage() {},
  sendMessageWithContext() {},
  startRead() {},
  halfClose() {},
  cancelWithStatus() {},
  getPeer: () => 'nobody',
  getAuthContext: () => null,
};

/** An interceptor that answers by itself, so that the call never leaves. */
const answering: Interceptor = () =>
  new InterceptingCall(nobody, {
    start: (_metadata, listener) => {
      setImmediate(() => {
        listener.onReceiveMetadata(new Metadata());
        listener.onReceiveMessage({ text: 'by heart', payload: Buffer.alloc(0) });
        listener.onReceiveStatus({ code: Status.OK, details: 'OK', metadata: new Metadata() });
      });
    },
    sendMessage: () => {},
    halfClose: () => {},
  });

describe.each(deployments)("interceptors of a client's application, %s", (deployment) => {
  const group = use(deployment);
  const reference = use(bare);

  /** Returns the events that the same interceptors hear around a bare call and this one. */
  async function notesOf(make: (notes: string[], running: Running) => Promise<unknown>) {
    const ours: string[] = [];
    const theirs: string[] = [];
    const heard = [await make(ours, group()), await make(theirs, reference())];
    return { ours, theirs, heard };
  }

  describe.each(kindsOf(deployment))('%s', (kind) => {
    it.each([
      ['succeeds', [headers(text('first', '1')), reply('x')]],
      ['fails', [end({ code: Status.NOT_FOUND, details: 'no' })]],
      ['fails after initial metadata', [headers(), end({ code: Status.NOT_FOUND, details: 'no' })]],
    ] as [string, Step[]][])('hear the same, outermost first, of a call that %s', async (_how, steps) => {
      const { ours, theirs, heard } = await notesOf((notes, running) => {
        const client = running.connect({ interceptors: [recording('outer', notes), recording('inner', notes)] });
        return hear(client, kind, [{ steps }]);
      });
      expect(ours).toEqual(theirs);
      expect(heard[0]).toEqual(heard[1]);
      expect(ours.slice(0, 2)).toEqual(['outer start', 'inner start']);
    });

    it('hear the same of a call that is cancelled', async () => {
      const at = `${kind} cancelled`;
      const { ours, theirs, heard } = await notesOf(async (notes, running) => {
        const client = running.connect({ interceptors: [recording('one', notes)] });
        const conversation = new Conversation(client, kind, [{ steps: [gate(at)] }]);
        await running.gates.entered(at);
        conversation.call.cancel();
        const all = await conversation.ended;
        running.gates.open(at);
        return withoutEffect(all);
      });
      expect(ours).toEqual(theirs);
      expect(heard[0]).toEqual(heard[1]);
    });

    it('change requests, replies, metadata and status', async () => {
      const client = group().connect({ interceptors: [changing] });
      const trailers = [text('last', '1')];
      const steps = [headers(text('initial', '1'))];
      const metadata = [text('tag', 'of the caller')];
      const heard = await hear(client, kind, [{ steps, atEnd: [end({ trailers })] }], { metadata });
      expect(textsOf(heard)[0]).toMatch(/, changed$/);
      expect(seen(heard).metadata.tag).toEqual(['of the caller, of the interceptor']);
      expect(initialMetadataOf(heard)).toEqual({ initial: ['changed'] });
      expect(statusOf(heard)).toMatchObject({ code: Status.OK, details: 'OK, changed' });
      expect(statusOf(heard).metadata.last).toEqual(['changed']);
    });

    it('may answer by themselves', async () => {
      const client = group().connect({ interceptors: [answering] });
      expect(textsOf(await hear(client, kind, [{ steps: [reply('x')] }]))).toEqual(['by heart']);
    });

    it('of a call replace those of the client', async () => {
      const { ours, theirs, heard } = await notesOf((notes, running) => {
        const client = running.connect({ interceptors: [recording('client', notes)] });
        const options = { interceptors: [recording('call', notes)] };
        return hear(client, kind, [{ steps: [reply('x')] }], { options });
      });
      expect(ours).toEqual(theirs);
      expect(heard[0]).toEqual(heard[1]);
      expect(ours).toContain('call start');
      expect(ours).not.toContain('client start');
    });

    it('are made for each method of a call by its providers', async () => {
      const { ours, theirs, heard } = await notesOf((notes, running) => {
        const provider = ({ path }: { path: string }) => recording(path.split('/').at(-1) ?? '', notes);
        return hear(running.client, kind, [{ steps: [reply('x')] }], {
          options: { interceptor_providers: [provider] },
        });
      });
      expect(ours).toEqual(theirs);
      expect(heard[0]).toEqual(heard[1]);
      expect(ours[0]?.toLowerCase()).toBe(`${kind} start`.toLowerCase());
    });

    it('together with providers on one call are refused as by grpc-js', () => {
      const notes: string[] = [];
      const options = { interceptors: [recording('x', notes)], interceptor_providers: [() => recording('y', notes)] };
      const begin = (running: Running) => () => new Conversation(running.client, kind, [{}], { options });
      expect(begin(group())).toThrow(/interceptors and interceptor_providers/);
      expect(begin(reference())).toThrow(/interceptors and interceptor_providers/);
    });
  });

  it('may retry a call, and each attempt is performed', async () => {
    let failures = 2;
    const failing: Interceptor = (options, nextCall) =>
      new InterceptingCall(nextCall(options), {
        sendMessage: (message: Request, next) =>
          next(failures-- > 0 ? { ...message, steps: [end({ code: Status.ABORTED, details: 'again' })] } : message),
      });
    const client = group().connect({ interceptors: [retrying, failing] });
    const heard = await hear(client, 'unary', [{ name: 'attempt', steps: [reply('at last')] }]);
    expect(textsOf(heard)).toEqual(['at last']);
    expect(group().serving.script.performed.filter((name) => name === 'attempt')).toHaveLength(3);
  });
});

/** An interceptor that lets callers with a token pass and tells the handler their name. */
const authenticating: ServerInterceptor = (method, call) => {
  if (!method.path.startsWith('/transparency.')) return call as ServerInterceptingCall;
  return new ServerInterceptingCall(call, {
    start: (next) =>
      next(
        new ServerListenerBuilder()
          .withOnReceiveMetadata((metadata, pass) => {
            const [token] = metadata.get('token');
            if (token === undefined) {
              const trailers = new Metadata();
              trailers.set('realm', 'scripts');
              call.sendStatus({ code: Status.UNAUTHENTICATED, details: 'who are you?', metadata: trailers });
              return;
            }
            metadata.remove('token');
            metadata.set('user', `the owner of ${token}`);
            pass(metadata);
          })
          .build(),
      ),
  });
};

/** An interceptor that changes everything that leaves the handler. */
const dressing: ServerInterceptor = (method, call) => {
  if (!method.path.startsWith('/transparency.')) return call as ServerInterceptingCall;
  return new ServerInterceptingCall(call, {
    sendMetadata: (metadata, next) => {
      metadata.set('dressed', 'initial');
      next(metadata);
    },
    sendMessage: (message: Reply, next) => next({ ...message, text: `${message.text}, dressed` }),
    sendStatus: (status, next) => {
      const metadata = status.metadata ?? new Metadata();
      metadata.set('dressed', 'trailers');
      next({ ...status, metadata });
    },
  });
};

describe.each(deployments)("interceptors of a server's application, %s", (deployment) => {
  const notes: string[] = [];
  const recorders = [serverRecording('first', notes), serverRecording('second', notes)];
  const group = use(deployment, () => ({ interceptors: [...recorders, authenticating, dressing] }));
  const bareNotes: string[] = [];
  const bareRecorders = [serverRecording('first', bareNotes), serverRecording('second', bareNotes)];
  const reference = use(bare, () => ({ interceptors: [...bareRecorders, authenticating, dressing] }));
  const metadata = [text('token', 't'), text('tag', 'x')];

  describe.each(kindsOf(deployment))('%s', (kind) => {
    it.each([
      ['succeeds', [headers(text('first', '1')), reply('x'), end({ trailers: [text('last', '2')] })]],
      ['succeeds without metadata', [reply('x')]],
      ['fails', [end({ code: Status.NOT_FOUND, details: 'no', trailers: [text('last', '2')] })]],
      ['fails after initial metadata', [headers(text('first', '1')), end({ code: Status.ABORTED, details: 'no' })]],
    ] as [string, Step[]][])('see and change a call that %s alike', async (_how, steps) => {
      notes.length = 0;
      bareNotes.length = 0;
      const heard = await hear(group().client, kind, [{ steps }], { metadata });
      expect(heard).toEqual(await hear(reference().client, kind, [{ steps }], { metadata }));
      expect(notes).toEqual(bareNotes);
      expect(statusOf(heard).metadata.dressed).toEqual(['trailers']);
    });

    it('can end a call before it is performed', async () => {
      const request = { name: `${kind} without a token`, steps: [reply('x')] };
      const heard = await hear(group().client, kind, [request]);
      expect(heard).toEqual(await hear(reference().client, kind, [request]));
      expect(errorOf(heard)).toMatchObject({ code: Status.UNAUTHENTICATED, details: 'who are you?' });
      expect(statusOf(heard).metadata).toEqual({ realm: ['scripts'] });
      expect(group().serving.script.performed).not.toContain(request.name);
    });

    it('can change the metadata that the handler sees', async () => {
      const heard = await hear(group().client, kind, [{ steps: [report] }], { metadata });
      const { metadata: told } = seen(heard);
      expect(textsOf(heard)[0]).toMatch(/, dressed$/);
      expect(told).toMatchObject({ user: ['the owner of t'], tag: ['x'] });
      expect(told).not.toHaveProperty('token');
    });
  });
});
