import { Metadata, Server, type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js';
import { type ErrorCode, UnderstudyError } from '@understudy/core';
import type { Reply } from '@understudy/core/internal';
import { afterEach, describe, expect, it } from 'vitest';
import type { Callback } from '../capture/captured.js';
import { HandlerRegistry } from '../capture/registry.js';
import {
  implementationOf,
  type Method,
  type Running,
  serve,
  serveCaptured,
  serviceOf,
} from '../testing/comparison/side-by-side.js';
import { answer, failWith } from './answer.js';
import { type IncomingCall, incomingCall } from './incoming-call.js';

type UntypedCall = ServerUnaryCall<unknown, unknown>;
const HEADER = 'understudy-header-bin';

const open: Running[] = [];
afterEach(() => {
  for (const side of open.splice(0)) side.close();
});

/** Starts a server whose gateway does with every call what `onCall` says. */
async function gatewayed(
  onCall: (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) => void,
): Promise<Running> {
  const registry = new HandlerRegistry({
    gateway: { onCall: ({ call, callback }) => onCall(call, callback), onStream: () => {} },
  });
  const server = new Server();
  registry.attach(server);
  const methods = { one: { handler: () => {} } as Method };
  server.addService(serviceOf(methods), implementationOf(methods));
  const running = await serve(server);
  open.push(running);
  return running;
}

const answered = async (outcome: Reply, header?: Uint8Array) =>
  (await gatewayed((call, callback) => answer(call, callback, outcome, header))).call('one');

describe('details that are too long for an RPC', () => {
  it.each([
    ['é', 20_000],
    ['😀', 20_000],
    ['a', 200_000],
  ])('are cut, and the connection goes on: %s, %i times', async (character, times) => {
    const details = character.repeat(times);
    const { status: told } = await answered({ kind: 'reply', code: 3, details });
    expect(told.code).toBe(3);
    expect(told.details).toMatch(/^.{1000,}…$/u);
    expect(details.startsWith(told.details.slice(0, -1))).toBe(true);
  });

  it('are left alone up to 16 KiB', async () => {
    const { status: told } = await answered({ kind: 'reply', code: 3, details: 'a'.repeat(16_384) });
    expect(told.details).toBe('a'.repeat(16_384));
  });
});

describe('an incoming call', () => {
  async function incoming(metadata: Metadata, deadline?: number): Promise<IncomingCall> {
    const seen: IncomingCall[] = [];
    const running = await gatewayed((call, callback) => {
      seen.push(incomingCall(call, call.request));
      callback({ code: 1 });
    });
    await running.call('one', { metadata, ...(deadline !== undefined && { deadline }), bytes: Buffer.from('abc') });
    if (seen[0] === undefined) throw new Error('nothing came');
    return seen[0];
  }

  it('consists of method, message and the metadata that every client sends', async () => {
    const { request, peer, ...rest } = await incoming(new Metadata());
    expect(request).toEqual({
      method: '/test.Service/one',
      message: Buffer.from('abc'),
      metadata: [['user-agent', expect.stringContaining('grpc-node-js')]],
    });
    expect(peer).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(rest).toEqual({});
  });

  it('has the header apart, the metadata in order, and the idempotency key', async () => {
    const metadata = new Metadata();
    metadata.set(HEADER, Buffer.from([1, 2, 3]));
    metadata.set('idempotency-key', 'k-1');
    metadata.add('x-many', 'b');
    metadata.add('x-raw-bin', Buffer.from([0]));
    metadata.add('x-raw-bin', Buffer.from([255, 254]));
    const { request, header, idempotencyKey } = await incoming(metadata);
    expect(header).toEqual(Buffer.from([1, 2, 3]));
    expect(idempotencyKey).toBe('k-1');
    expect(request.metadata?.filter(([key]) => key !== 'user-agent')).toEqual([
      ['idempotency-key', 'k-1'],
      ['x-many', 'b'],
      ['x-raw-bin', Buffer.from([0])],
      ['x-raw-bin', Buffer.from([255, 254])],
    ]);
  });

  it('keeps the name of the calling group apart, where no handler sees it', async () => {
    const metadata = new Metadata();
    metadata.set('understudy-nested-bin', Buffer.from([1, 2, 3]));
    metadata.set('idempotency-key', 'k-1');
    const { request, caller } = await incoming(metadata);
    expect(caller).toEqual(Buffer.from([1, 2, 3]));
    expect(request.metadata?.map(([key]) => key).sort()).toEqual(['idempotency-key', 'user-agent']);
    metadata.set(HEADER, Buffer.from([1]));
    const withHeader = await incoming(metadata);
    expect(withHeader.caller).toEqual(caller);
    expect(withHeader.request.metadata).toEqual([['idempotency-key', 'k-1']]);
  });

  it('with a header has the deadline that the backups get, not one computed with this clock', async () => {
    const metadata = new Metadata();
    metadata.set(HEADER, Buffer.from([1]));
    metadata.set('understudy-deadline', '4102444800000.25');
    const { request } = await incoming(metadata, Date.now() + 30_000);
    expect(request).toMatchObject({ deadlineMs: 4102444800000.25 });
    expect(request.metadata).toBeUndefined();
    metadata.remove('understudy-deadline');
    expect((await incoming(metadata, Date.now() + 30_000)).request.deadlineMs).toBeUndefined();
  });

  it('with a header has no metadata that the transport added', async () => {
    const metadata = new Metadata();
    metadata.set(HEADER, Buffer.from([1]));
    metadata.set('grpc-previous-rpc-attempts', '1');
    expect((await incoming(metadata)).request.metadata).toBeUndefined();
  });

  it('with a header has the entries that were set aside back in their place, without what the connection made of them', async () => {
    const metadata = new Metadata();
    for (const key of ['first', 'understudy-aside-authorization', 'last', 'authorization'])
      metadata.set(key, `of ${key}`);
    metadata.set(HEADER, Buffer.from([1]));
    expect((await incoming(metadata)).request.metadata).toEqual([
      ['first', 'of first'],
      ['authorization', 'of understudy-aside-authorization'],
      ['last', 'of last'],
    ]);
  });

  it('has its deadline in milliseconds since the epoch', async () => {
    const deadline = Date.now() + 30_000;
    const { request } = await incoming(new Metadata(), deadline);
    expect(Math.abs((request.deadlineMs ?? 0) - deadline)).toBeLessThan(5_000);
  });
});

describe('the answer to a call', () => {
  const header = Buffer.from([9, 8, 7]);
  const message = Buffer.from('"m"');

  it('carries the header in the initial metadata', async () => {
    const outcome: Reply = { kind: 'reply', code: 0, details: 'OK', initialMetadata: [['x', '1']], message };
    const seen = await answered(outcome, header);
    expect(seen).toMatchObject({ value: '"m"', error: null, initialMetadata: { x: ['1'], [HEADER]: [header] } });
    expect(seen.status).toMatchObject({ metadata: {} });
  });

  it('carries the header with a message that has no metadata', async () => {
    const seen = await answered({ kind: 'reply', code: 0, details: 'OK', initialMetadata: [], message }, header);
    expect(seen.initialMetadata).toMatchObject({ [HEADER]: [header] });
  });

  it('carries the header in the trailers of an error that had initial metadata', async () => {
    const seen = await answered(
      { kind: 'reply', code: 5, details: 'd', initialMetadata: [['x', '1']], trailers: [['t', '1']] },
      header,
    );
    expect(seen.initialMetadata).toMatchObject({ x: ['1'] });
    expect(seen.initialMetadata).not.toHaveProperty(HEADER);
    expect(seen.status).toMatchObject({ code: 5, details: 'd', metadata: { t: ['1'], [HEADER]: [header] } });
  });

  it('carries the header in the trailers when there is nothing else', async () => {
    const seen = await answered({ kind: 'reply', code: 5, details: 'd', trailers: [['t', '1']] }, header);
    expect(seen.initialMetadata).not.toHaveProperty(HEADER);
    expect(seen.status).toMatchObject({ code: 5, metadata: { t: ['1'], [HEADER]: [header] } });
  });

  it('has no header unless it is given one', async () => {
    const seen = await answered({ kind: 'reply', code: 5, details: 'd' });
    expect(JSON.stringify(seen)).not.toContain(HEADER);
  });

  it('leaves out metadata that gRPC cannot carry, and sends the rest', async () => {
    const trailers: Reply['trailers'] = [
      ['not a key', '1'],
      ['x-bin', 'text'],
      ['text', Buffer.from([1])],
      ['new-line', 'a\nb'],
      ['good', 'yes'],
    ];
    expect((await answered({ kind: 'reply', code: 5, details: 'half \ud800', trailers })).status).toMatchObject({
      code: 5,
      details: 'half \ufffd',
      metadata: { good: ['yes'] },
    });
  });

  it('may be made of a plain Uint8Array or of a Buffer', async () => {
    const bytes = new Uint8Array([120, 34, 109, 34, 120]).subarray(1, 4);
    const seen = await answered(
      { kind: 'reply', code: 0, details: 'OK', initialMetadata: [], message: bytes },
      new Uint8Array(header),
    );
    expect(seen.value).toBe('"m"');
  });

  it('hides the header of the request from the handler', async () => {
    const telling: Method = {
      handler: (call: UntypedCall, cb: Callback) => cb(null, call.metadata.get(HEADER).length),
    } as Method;
    const server = await serveCaptured({ telling }, { header });
    open.push(server);
    const metadata = new Metadata();
    metadata.set(HEADER, header);
    expect((await server.call('telling', { metadata })).value).toBe('0');
  });
});

describe('a failure of a call', () => {
  const failed = async (code: ErrorCode, primary?: string) =>
    (await gatewayed((call, callback) => failWith({ call, callback }, code, 'the reason', primary))).call('one');

  it('ends the call with the status and the trailers of its code', async () => {
    const error = new UnderstudyError('UNDERSTUDY_OVERLOADED', 'the reason');
    expect((await failed('UNDERSTUDY_OVERLOADED')).error).toMatchObject({
      code: error.status,
      details: error.message,
      metadata: { 'understudy-code': ['UNDERSTUDY_OVERLOADED'] },
    });
  });

  it('says where the primary is', async () => {
    expect((await failed('UNDERSTUDY_NOT_PRIMARY', '10.0.0.1:50051')).status).toMatchObject({
      code: status.ABORTED,
      metadata: { 'understudy-code': ['UNDERSTUDY_NOT_PRIMARY'], 'understudy-primary': ['10.0.0.1:50051'] },
    });
  });

  it('leaves out an address that no header can carry', async () => {
    const { status: seen } = await failed('UNDERSTUDY_NOT_PRIMARY', 'grün\n');
    expect(seen).toMatchObject({ code: status.ABORTED });
    expect(JSON.stringify(seen)).not.toContain('understudy-primary');
  });
});
