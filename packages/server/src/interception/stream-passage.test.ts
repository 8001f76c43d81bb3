import { type Metadata, ServerInterceptingCall, type ServerInterceptor, status } from '@grpc/grpc-js';
import { type MetadataEntries, type Reply, type Request, replyOf, type StreamItem } from '@understudy/core/internal';
import { describe, expect, it } from 'vitest';
import type { CapturedStream } from '../capture/captured.js';
import { capturedJson } from '../testing/comparison/captured-json.js';
import { listening, refuse, withMetadata } from '../testing/comparison/interceptors.js';
import { jsonBytes } from '../testing/comparison/side-by-side.js';
import { StreamPassage } from './stream-passage.js';

const PATH = '/test.Service/tells';
const captured = (kind: CapturedStream['kind']) => ({ ...capturedJson(PATH), kind }) as unknown as CapturedStream;
const said = (value: unknown): StreamItem => ({ kind: 'message', message: jsonBytes(value) as Uint8Array });
const metadata = (...entries: MetadataEntries): StreamItem => ({ kind: 'metadata', entries });
const ended = (outcome: Partial<Reply> = {}): StreamItem => ({
  kind: 'status',
  outcome: { kind: 'reply', code: 0, details: 'OK', ...outcome },
});

/** A passage that notes, in order, what its replica is told. */
class PassageUnderTest {
  readonly told: unknown[] = [];
  readonly passage: StreamPassage;
  #items = 0;
  #position = 0;

  constructor(kind: CapturedStream['kind'], interceptors: ServerInterceptor[], opening: Partial<Request> = {}) {
    this.passage = new StreamPassage({
      interceptors,
      captured: captured(kind),
      opening: { method: PATH, message: new Uint8Array(0), stream: { kind: 'open' }, ...opening },
      peer: '127.0.0.1:1',
      events: {
        opened: (changed) => this.told.push(changed === undefined ? 'opened' : { opened: changed.metadata ?? [] }),
        passed: (index, item) => this.told.push([index, textOf(item)]),
        ended: (outcome) => this.told.push({ ended: outcome }),
      },
    });
    this.passage.start();
  }

  says(value: unknown): boolean {
    const stream = { kind: 'message', of: 1, position: ++this.#position } as Request['stream'] & object;
    const request: Request = { method: '', message: jsonBytes(value) as Uint8Array, stream };
    return this.passage.receive(request, (changed) =>
      this.told.push({ through: changed === undefined ? 'as it came' : JSON.parse(`${changed.message}`) }),
    );
  }

  closes(): boolean {
    const stream = { kind: 'end', of: 1, position: ++this.#position } as Request['stream'] & object;
    const request: Request = { method: '', message: new Uint8Array(0), stream };
    return this.passage.receive(request, () => this.told.push('half-close'));
  }

  sends(...items: StreamItem[]): void {
    for (const item of items) this.passage.send(++this.#items, item);
  }

  /** What the replica was told since the last time, once everything is at rest. */
  async rest(): Promise<unknown[]> {
    for (let i = 0; i < 3; i++) await new Promise(setImmediate);
    return this.told.splice(0);
  }
}

function textOf(item: StreamItem): unknown {
  switch (item.kind) {
    case 'message':
      return JSON.parse(`${item.message}`);
    case 'metadata':
      return item.entries;
    case 'status':
      return replyOf(item.outcome).details;
    default:
      return 'nothing';
  }
}

/** An interceptor that doubles all messages, and marks metadata and status. */
const changing: ServerInterceptor = (_method, call) =>
  new ServerInterceptingCall(call, {
    start: (next) =>
      next({
        onReceiveMetadata: (_metadata, pass) => pass(withMetadata('user', 'me')),
        onReceiveMessage: (message, pass) => pass(message * 2),
        onReceiveHalfClose: (pass) => pass(),
        onCancel: () => {},
      }),
    sendMetadata: (_metadata, pass) => pass(withMetadata('dressed', 'yes')),
    sendMessage: (message, pass) => pass(message * 2),
    sendStatus: (given, pass) => pass({ ...given, details: `${given.details}!` }),
  });

describe('the interceptors of a stream', () => {
  it('see what the client and the handler send, and each message comes out as one', async () => {
    const stream = new PassageUnderTest('bidi', [listening({})]);
    expect(await stream.rest()).toEqual(['opened']);
    stream.says(1);
    expect(await stream.rest()).toEqual([{ through: 'as it came' }]);
    stream.sends(metadata(['a', '1']), said('one'), said('two'));
    stream.closes();
    expect(await stream.rest()).toEqual([[1, [['a', '1']]], [2, 'one'], [3, 'two'], 'half-close']);
    stream.sends(ended());
    expect(await stream.rest()).toEqual([[4, 'OK']]);
  });

  it('may change metadata, messages and status', async () => {
    const stream = new PassageUnderTest('bidi', [changing]);
    stream.says(1);
    expect(await stream.rest()).toEqual([{ opened: [['user', 'me']] }, { through: 2 }]);
    stream.sends(metadata(), said(5), ended());
    expect(await stream.rest()).toEqual([
      [1, [['dressed', 'yes']]],
      [2, 10],
      [3, 'OK!'],
    ]);
  });

  it('see the one request of a server-streaming method before the stream opens', async () => {
    const stream = new PassageUnderTest('serverStream', [listening({ onReceiveMessage: (_m, pass) => pass(7) })], {
      message: jsonBytes(1) as Uint8Array,
    });
    expect(await stream.rest()).toEqual([{ opened: [] }]);
  });

  it('may end the stream before its handler sees it', async () => {
    const stream = new PassageUnderTest('bidi', [
      (_method, call) => listening({ onReceiveMetadata: () => refuse(call, 'no') })(_method, call),
    ]);
    expect(await stream.rest()).toMatchObject([{ ended: { code: status.UNAUTHENTICATED, details: 'no' } }]);
    expect(stream.says(1)).toBe(false);
  });

  it('may end the stream in the middle, and nothing passes from then on', async () => {
    const stream = new PassageUnderTest('bidi', [
      (method, call) =>
        listening({ onReceiveMessage: (m, pass) => (m === 13 ? refuse(call, 'bad luck') : pass(m)) })(method, call),
    ]);
    stream.says(1);
    await stream.rest();
    stream.says(13);
    expect(await stream.rest()).toMatchObject([{ ended: { details: 'bad luck' } }]);
    stream.sends(metadata(), said('too late'));
    expect(await stream.rest()).toEqual([]);
    expect(stream.says(2)).toBe(false);
  });

  it('end the stream with UNKNOWN if one of them throws', async () => {
    const throwing: ServerInterceptor = (_method, call) =>
      new ServerInterceptingCall(call, {
        sendMessage: () => {
          throw new Error('secret');
        },
      });
    const stream = new PassageUnderTest('bidi', [throwing]);
    stream.sends(metadata(), said('x'));
    expect((await stream.rest()).at(-1)).toEqual({
      ended: { kind: 'reply', code: status.UNKNOWN, details: 'Unknown error' },
    });
  });

  it('may take their time, and nothing overtakes', async () => {
    const slow: ServerInterceptor = (_method, call) =>
      new ServerInterceptingCall(call, {
        start: (next) =>
          next({
            onReceiveMetadata: (metadata: Metadata, pass: (metadata: Metadata) => void) =>
              void setImmediate(() => pass(metadata)),
          } as never),
        sendMessage: (message, pass) => void setImmediate(() => pass(message)),
      });
    const stream = new PassageUnderTest('clientStream', [slow]);
    stream.sends(metadata(), said('one'), ended());
    expect(await stream.rest()).toEqual(['opened', [1, []], [2, 'one'], [3, 'OK']]);
  });

  it('send nothing in place of a message that they keep', async () => {
    class Keeping extends ServerInterceptingCall {
      override sendMessage(message: unknown, sent: () => void): void {
        if (message === 'keep') sent();
        else super.sendMessage(message, sent);
      }
    }
    const keeping: ServerInterceptor = (_method, call) => new Keeping(call);
    const stream = new PassageUnderTest('bidi', [keeping]);
    stream.sends(metadata(), said('keep'), said('b'));
    expect((await stream.rest()).slice(1)).toEqual([
      [1, []],
      [2, 'nothing'],
      [3, 'b'],
    ]);
  });

  it('end the stream if they add messages of their own, which have no place', async () => {
    const adding: ServerInterceptor = (_method, call) =>
      new ServerInterceptingCall(call, {
        sendStatus: (given, pass) => call.sendMessage('and another thing', () => pass(given)),
      });
    const stream = new PassageUnderTest('bidi', [adding]);
    stream.sends(metadata(), said('x'), ended());
    expect((await stream.rest()).at(-1)).toMatchObject([3, expect.stringContaining('UNDERSTUDY_UNSUPPORTED')]);
  });

  it('hear once that the stream is gone, and are ignored from then on', async () => {
    let cancels = 0;
    let answer = () => {};
    const stream = new PassageUnderTest('bidi', [
      listening({
        onReceiveMetadata: (m, pass) => {
          answer = () => pass(m);
        },
        onCancel: () => void cancels++,
      }),
    ]);
    stream.passage.close();
    stream.passage.close();
    answer();
    expect(await stream.rest()).toEqual([]);
    expect(cancels).toBe(1);
  });

  it('get metadata that nobody else holds', async () => {
    const opening = { metadata: [['a', '1']] as MetadataEntries };
    const writing = listening({
      onReceiveMetadata: (given: Metadata, pass) => {
        given.set('b', '2');
        pass(given);
      },
    });
    const stream = new PassageUnderTest('bidi', [writing], opening);
    expect(await stream.rest()).toEqual([
      {
        opened: [
          ['a', '1'],
          ['b', '2'],
        ],
      },
    ]);
    expect(opening.metadata).toEqual([['a', '1']]);
  });
});
