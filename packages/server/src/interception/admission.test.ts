import { ServerInterceptingCall, type ServerInterceptor, status } from '@grpc/grpc-js';
import type { Request } from '@understudy/core/internal';
import { describe, expect, it } from 'vitest';
import type { HandlerFault } from '../handlers/handler-fault.js';
import { capturedJson } from '../testing/comparison/captured-json.js';
import { listening, refuse, withMetadata } from '../testing/comparison/interceptors.js';
import { type Admission, type AdmitResult, admit } from './admission.js';

describe('the interceptors of a unary call', () => {
  const request: Request = { method: '/test.Service/tells', message: Buffer.from('{ "text": "hello" }') };
  const captured = capturedJson(request.method);
  const admitted = (interceptors: ServerInterceptor[], given = request) =>
    new Promise<AdmitResult>((resolve) => admit(interceptors, captured, given, '127.0.0.1:1', resolve));

  it('let it through at once if there are none', () => {
    const results: AdmitResult[] = [];
    admit([], captured, request, 'p', (result) => results.push(result));
    expect(results).toMatchObject([{ kind: 'admitted' }]);
  });

  it('leave the request as it came if they only look, even if it would be encoded in other bytes', async () => {
    const result = await admitted([listening({ onReceiveMessage: (message, next) => next(message) })]);
    expect(result).toMatchObject({ kind: 'admitted' });
    expect('changed' in result).toBe(false);
  });

  it('share the message with the original if they change only metadata', async () => {
    const result = await admitted([
      listening({ onReceiveMetadata: (_metadata, next) => next(withMetadata('a', '1')) }),
    ]);
    const changed = result.kind === 'admitted' ? result.changed : undefined;
    expect(changed?.metadata).toEqual([['a', '1']]);
    expect(changed?.message).toBe(request.message);
  });

  it('end the call if they throw, and the log has the error', async () => {
    const faults: HandlerFault[] = [];
    const result = await new Promise<AdmitResult>((resolve) => {
      const throwing = listening({
        onReceiveMessage: () => {
          throw new Error('secret');
        },
      });
      admit([throwing], captured, request, 'p', resolve, { onFault: (fault) => faults.push(fault) });
    });
    expect(result).toEqual({ kind: 'ended', outcome: { kind: 'reply', code: 2, details: 'Unknown error' } });
    expect(faults).toMatchObject([{ kind: 'interceptor', path: request.method }]);
  });

  it('may not pass a request without bytes, which backups could not get', async () => {
    const result = await admitted([listening({ onReceiveMessage: (_message, next) => next({ big: 1n }) })]);
    expect(result).toMatchObject({ kind: 'ended', outcome: { kind: 'reply', code: status.UNIMPLEMENTED } });
  });

  it('hear once that the call is over', async () => {
    let cancels = 0;
    const result = await admitted([listening({ onCancel: () => void cancels++ })]);
    if (result.kind !== 'admitted') throw new Error('not admitted');
    const sent = await new Promise((resolve) => result.finish({ kind: 'reply', code: 0, details: 'OK' }, resolve));
    expect(sent).toEqual({ kind: 'reply', code: 0, details: 'OK' });
    await new Promise(setImmediate);
    expect(cancels).toBe(1);
  });

  it.each(['just before', 'long before'])(
    'decide what is sent when they end the call %s its handler does',
    async (when) => {
      let end = () => {};
      const result = await admitted([
        (_method, call) => {
          end = () => call.sendStatus({ code: status.RESOURCE_EXHAUSTED, details: 'enough' });
          return new ServerInterceptingCall(call);
        },
      ]);
      if (result.kind !== 'admitted') throw new Error('not admitted');
      end();
      if (when === 'long before') await new Promise(setImmediate);
      const sent = await new Promise((resolve) => result.finish({ kind: 'reply', code: 0, details: 'OK' }, resolve));
      expect(sent).toEqual({ kind: 'reply', code: status.RESOURCE_EXHAUSTED, details: 'enough' });
    },
  );

  it('count with their first word if they let a call through twice, or after they ended it', async () => {
    const twice: AdmitResult[] = [];
    const repeating = listening({
      onReceiveHalfClose: (next) => {
        next();
        next();
      },
    });
    admit([repeating], captured, request, 'p', (result) => twice.push(result));
    const ended: AdmitResult[] = [];
    const undecided: ServerInterceptor = (_method, call) =>
      new ServerInterceptingCall(call, {
        start: (next) =>
          next({
            onReceiveHalfClose: (go) => {
              refuse(call, 'no');
              go();
            },
          }),
      });
    admit([undecided], captured, request, 'p', (result) => ended.push(result));
    await new Promise(setImmediate);
    expect(twice).toMatchObject([{ kind: 'admitted' }]);
    expect(ended).toMatchObject([{ kind: 'ended', outcome: { details: 'no' } }]);
  });

  it('hear once of a call that is cancelled after it was admitted, and still shape the cached reply', async () => {
    let cancels = 0;
    const shaping: ServerInterceptor = (_method, call) =>
      new ServerInterceptingCall(call, {
        start: (next) => next({ onCancel: () => void cancels++ }),
        sendStatus: (given, next) => next({ ...given, code: 9, details: 'shaped' }),
      });
    const { admission, result } = await new Promise<{ admission: Admission; result: AdmitResult }>((resolve) => {
      const admission = admit([shaping], captured, request, 'p', (result) => resolve({ admission, result }));
    });
    if (result.kind !== 'admitted') throw new Error('not admitted');
    admission.cancel();
    await new Promise(setImmediate);
    expect(cancels).toBe(1);
    const sent = await new Promise((resolve) => result.finish({ kind: 'reply', code: 0, details: 'OK' }, resolve));
    await new Promise(setImmediate);
    expect(sent).toEqual({ kind: 'reply', code: 9, details: 'shaped' });
    expect(cancels).toBe(1);
  });

  it('hear of a call that is cancelled while they hold it, and never admit it', async () => {
    const results: AdmitResult[] = [];
    let goOn = () => {};
    const cancelled = new Promise<void>((resolve) => {
      const holding = listening({
        onReceiveHalfClose: (next) => {
          goOn = next;
          admission.cancel();
        },
        onCancel: resolve,
      });
      const admission = admit([holding], captured, request, 'p', (result) => results.push(result));
    });
    await cancelled;
    goOn();
    await new Promise(setImmediate);
    expect(results).toEqual([]);
  });

  it('see the bytes of replies if the method came without its definition', async () => {
    const seen: unknown[] = [];
    const { responseDeserialize: _unknown, ...rest } = captured;
    const bare = { ...rest, responseDeserialize: undefined };
    const looking: ServerInterceptor = (_method, call) =>
      new ServerInterceptingCall(call, {
        sendMessage: (message, next) => {
          seen.push(message);
          next(message);
        },
      });
    const result = await new Promise<AdmitResult>((resolve) => admit([looking], bare, request, 'p', resolve));
    if (result.kind !== 'admitted') throw new Error('not admitted');
    const message = Buffer.from('"reply"');
    const outcome = { kind: 'reply' as const, code: 0, details: 'OK', initialMetadata: [], message };
    expect(await new Promise((resolve) => result.finish(outcome, resolve))).toEqual(outcome);
    expect(seen).toEqual([message]);
  });
});
