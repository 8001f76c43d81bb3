import {
  Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  type ServerUnaryCall,
  status,
} from '@grpc/grpc-js';
import type { Request } from '@understudy/core/internal';
import { afterEach, describe, expect, it } from 'vitest';
import type { Callback } from '../capture/captured.js';
import { listening, refuse, withMetadata } from '../testing/comparison/interceptors.js';
import {
  type Method,
  type Observed,
  type Running,
  serveCaptured,
  servePlain,
} from '../testing/comparison/side-by-side.js';
import { applyChange, encodeChange } from './change.js';

type FieldsCall = ServerUnaryCall<Record<string, unknown>, unknown>;

const method = (handler: (call: FieldsCall, callback: Callback) => void): Method => ({ handler }) as Method;

/** Handlers that tell what reached them, or end in the ways that differ for interceptors. */
const methods: Record<string, Method> = {
  tells: method((call, cb) => {
    const { 'user-agent': _agent, ...metadata } = call.metadata.toJSON();
    cb(null, { request: call.request, metadata });
  }),
  answersWithAll: method((call, cb) => {
    call.sendMetadata(withMetadata('x-initial', 'handler'));
    cb(null, { text: 'reply' }, withMetadata('x-trailer', 'handler'));
  }),
  answersLater: method((_call, cb) => void setImmediate(() => cb(null, { text: 'later' }))),
  fails: method((_call, cb) => cb({ code: status.NOT_FOUND, details: 'gone' })),
  failsWithTrailers: method((_call, cb) =>
    cb({ code: status.NOT_FOUND, details: 'gone', metadata: withMetadata('x-trailer', 'handler') }),
  ),
  failsAfterMetadata: method((call, cb) => {
    call.sendMetadata(withMetadata('x-initial', 'handler'));
    cb({ code: status.NOT_FOUND, details: 'gone' });
  }),
  throws: method(() => {
    throw new Error('secret');
  }),
  unreadable: {
    handler: (_call: unknown, cb: Callback) => cb(null, 1),
    definition: {
      requestDeserialize: () => {
        throw new Error('unreadable');
      },
    },
  } as Method,
};

const later = (act: () => void) => void setImmediate(act);

const lists: Record<string, ServerInterceptor[]> = {
  'does nothing': [(_method, call) => new ServerInterceptingCall(call)],
  'refuses on metadata': [
    (_method, call) =>
      new ServerInterceptingCall(call, {
        start: (next) => next({ onReceiveMetadata: () => refuse(call, 'no token') }),
      }),
  ],
  'refuses later': [
    (_method, call) =>
      new ServerInterceptingCall(call, {
        start: (next) => next({ onReceiveMetadata: () => later(() => refuse(call, 'no token')) }),
      }),
  ],
  'refuses on the message': [
    (_method, call) =>
      new ServerInterceptingCall(call, {
        start: (next) => next({ onReceiveMessage: (message) => refuse(call, JSON.stringify(message)) }),
      }),
  ],
  'refuses at half-close': [
    (_method, call) =>
      new ServerInterceptingCall(call, { start: (next) => next({ onReceiveHalfClose: () => refuse(call, 'late') }) }),
  ],
  'answers by itself': [
    (_method, call) =>
      new ServerInterceptingCall(call, {
        start: () => {
          call.start({
            onReceiveMetadata: () => call.startRead(),
            onReceiveMessage: (message) => {
              call.sendMetadata(withMetadata('x-cache', 'hit'));
              call.sendMessage({ cached: message }, () =>
                call.sendStatus({ code: 0, details: 'OK', metadata: withMetadata('x-trailer', 'cache') }),
              );
            },
            onReceiveHalfClose() {},
            onCancel() {},
          });
        },
      }),
  ],
  'adds metadata': [
    listening({
      onReceiveMetadata: (metadata, next) => {
        metadata.add('x-user', 'ada');
        metadata.add('x-user', 'bob');
        metadata.set('x-raw-bin', Buffer.from([1, 255]));
        next(metadata);
      },
    }),
  ],
  'replaces metadata': [listening({ onReceiveMetadata: (_metadata, next) => next(withMetadata('x-only', '1')) })],
  'removes all metadata': [listening({ onReceiveMetadata: (_metadata, next) => next(new Metadata()) })],
  'replaces the message': [listening({ onReceiveMessage: (message, next) => next({ ...message, seen: true }) })],
  'changes the message in place': [
    listening({
      onReceiveMessage: (message, next) => {
        message.seen = true;
        next(message);
      },
    }),
  ],
  'passes on nothing': [listening({ onReceiveMessage: (_message, next) => next(null) })],
  'passes on twice': [
    listening({
      onReceiveMessage: (message, next) => {
        next(message);
        next(message);
      },
    }),
  ],
  'uses what it learnt after next': [usesWhatItLearnt],
  'does everything later': [
    listening({
      onReceiveMetadata: (metadata, next) =>
        later(() => {
          metadata.set('x-late', '1');
          next(metadata);
        }),
      onReceiveMessage: (message, next) => later(() => next({ ...message, late: true })),
      onReceiveHalfClose: (next) => later(next),
    }),
  ],
  'adds trailers': [
    (_method, call) =>
      new ServerInterceptingCall(call, {
        sendStatus: (given, next) => {
          const metadata = given.metadata ?? new Metadata();
          metadata.set('x-added', given.metadata ? 'to some' : 'to none');
          next({ ...given, metadata });
        },
      }),
  ],
  'changes all that is sent': [
    (_method, call) =>
      new ServerInterceptingCall(call, {
        sendMetadata: (metadata, next) => {
          metadata.set('x-sent', '1');
          next(metadata);
        },
        sendMessage: (message, next) => next({ wrapped: message }),
        sendStatus: (given, next) =>
          next(given.code === 0 ? given : { ...given, details: `${given.details}!`, code: 9 }),
      }),
  ],
  'changes the reply in place, later': [
    (_method, call) =>
      new ServerInterceptingCall(call, {
        sendMetadata: (metadata, next) => later(() => next(metadata)),
        sendMessage: (message, next) =>
          later(() => {
            message.seen = true;
            next(message);
          }),
        sendStatus: (given, next) => later(() => next(given)),
      }),
  ],
  'turns success into failure': [
    (_method, call) =>
      new ServerInterceptingCall(call, {
        sendStatus: (_given, next) => next({ code: status.INTERNAL, details: 'checked' }),
      }),
  ],
  'makes a reply that cannot be serialized': [
    (_method, call) => new ServerInterceptingCall(call, { sendMessage: (_message, next) => next({ big: 1n }) }),
  ],
  'asks the call': [
    (descriptor, call) =>
      new ServerInterceptingCall(call, {
        start: (next) =>
          next({
            onReceiveMetadata: (metadata, go) => {
              metadata.set('x-path', descriptor.path);
              metadata.set('x-streams', `${descriptor.requestStream} ${descriptor.responseStream}`);
              metadata.set('x-peer', call.getPeer().replace(/:\d+$/, ''));
              metadata.set('x-host', call.getHost().replace(/:\d+$/, ''));
              metadata.set('x-address', `${call.getConnectionInfo().remoteAddress}`);
              metadata.set('x-deadline', `${call.getDeadline()}`);
              metadata.set('x-auth', JSON.stringify(call.getAuthContext()));
              go(metadata);
            },
          }),
      }),
  ],
  'in their order': [marking('near'), marking('middle'), marking('far')],
};

function usesWhatItLearnt(_method: unknown, call: ServerInterceptingCallInterface): ServerInterceptingCall {
  let learnt = 'nothing yet';
  return new ServerInterceptingCall(call, {
    start: (next) =>
      next({
        onReceiveMetadata: (metadata, go) => {
          go(metadata);
          learnt = 'all';
        },
        onReceiveMessage: (message, go) => go({ ...message, learnt }),
      }),
  });
}

function marking(name: string): ServerInterceptor {
  return (_method, call) =>
    new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, go) => {
            metadata.add('x-way', `in ${name}`);
            go(metadata);
          },
        }),
      sendMetadata: (metadata, next) => {
        metadata.add('x-way', `out ${name}`);
        next(metadata);
      },
    });
}

const open: Running[] = [];
afterEach(() => {
  for (const side of open.splice(0)) side.close();
});

async function bothSides(interceptors: ServerInterceptor[]): Promise<{ plain: Running; ours: Running }> {
  const plain = await servePlain(methods, interceptors);
  const transfer = (changed: Request, original: Request) => applyChange(original, encodeChange(changed, original));
  const ours = await serveCaptured(methods, { interceptors, transfer });
  open.push(plain, ours);
  return { plain, ours };
}

describe('a client sees the same on both servers when an interceptor', () => {
  it.each(Object.entries(lists))('%s', async (_name, interceptors) => {
    const { plain, ours } = await bothSides(interceptors);
    const metadata = withMetadata('x-sent-by-client', '1');
    for (const name of Object.keys(methods)) {
      const expected: Observed = await plain.call(name, { metadata });
      expect({ name, ...(await ours.call(name, { metadata })) }).toEqual({ name, ...expected });
      expect(expected.status).not.toBe('none');
    }
  });
});

describe('a client sees a difference', () => {
  it('in the details of an OK status, which grpc-js cannot send', async () => {
    const { plain, ours } = await bothSides([
      (_method, call) =>
        new ServerInterceptingCall(call, { sendStatus: (given, next) => next({ ...given, details: 'fine' }) }),
    ]);
    expect((await plain.call('tells')).status).toMatchObject({ code: 0, details: 'fine' });
    expect((await ours.call('tells')).status).toMatchObject({ code: 0, details: 'OK' });
  });
});
