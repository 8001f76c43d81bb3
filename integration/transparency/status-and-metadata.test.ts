import { type Client, Metadata, type ServiceError, status as Status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import {
  Conversation,
  errorOf,
  type Heard,
  hear,
  initialMetadataOf,
  type Kind,
  type Manner,
  statusOf,
  textsOf,
} from './conversation.js';
import { bare, deployments, kindsOf, use } from './deployment.js';
import {
  binary,
  end,
  headers,
  onStart,
  type Request,
  reply,
  report,
  ScriptService,
  type Step,
  text,
} from './script.js';
import type { Seen } from './service.js';

const CODES = Object.values(Status).filter((code): code is Status => typeof code === 'number');
const failures = CODES.filter((code) => code !== Status.OK);

/** Makes requests whose first message has the steps. */
const once = (...steps: Step[]): Request[] => [{ steps }];

const seen = (heard: readonly Heard[]): Seen => JSON.parse(textsOf(heard)[0] ?? '');

describe.each(deployments)('status and metadata of a call, %s', (deployment) => {
  const group = use(deployment);
  const reference = use(bare);
  const kinds = kindsOf(deployment);
  const repliesOnce = (kind: Kind): boolean => kind === 'unary' || kind === 'clientStream';

  const ask = (kind: Kind, requests: readonly Request[], manner?: Manner) =>
    hear(group().client, kind, requests, manner);

  /** Returns the events that the caller hears, which must equal those with a bare service. */
  async function asBare(kind: Kind, requests: readonly Request[], manner?: Manner): Promise<readonly Heard[]> {
    const heard = await ask(kind, requests, manner);
    expect(heard).toEqual(await hear(reference().client, kind, requests, manner));
    return heard;
  }

  describe.each(kinds)('%s', (kind) => {
    it('succeeds without metadata', async () => {
      const heard = await ask(kind, once(reply('hello')));
      const message = { text: 'hello', payload: Buffer.alloc(0) };
      const ended = repliesOnce(kind) ? [] : [{ end: true }];
      const told = { status: { code: Status.OK, details: 'OK', metadata: {} } };
      expect(heard.filter((each) => !('end' in each))).toEqual([{ metadata: {} }, { message }, told]);
      expect(heard.filter((each) => 'end' in each)).toEqual(ended);
      await asBare(kind, once(reply('hello')));
    });

    it('hears initial and trailing metadata: texts, repeated keys, bytes', async () => {
      const initial = [text('first', '1'), text('many', 'a'), text('many', 'b'), binary('blob-bin', 0, 255, 128)];
      const trailers = [
        text('last', '2'),
        text('tag', 'x'),
        text('tag', 'y'),
        binary('sum-bin', 1),
        binary('sum-bin', 2),
      ];
      const heard = await asBare(kind, once(headers(...initial), reply('x'), end({ trailers })));
      expect(initialMetadataOf(heard)).toEqual({
        first: ['1'],
        many: ['a, b'],
        'blob-bin': [Buffer.from([0, 255, 128])],
      });
      expect(statusOf(heard).metadata).toEqual({
        last: ['2'],
        tag: ['x, y'],
        'sum-bin': [Buffer.from([1]), Buffer.from([2])],
      });
    });

    it('hears empty values, empty bytes and repeated bytes in initial metadata', async () => {
      const initial = [text('empty', ''), binary('none-bin'), binary('two-bin', 1), binary('two-bin', 2, 3)];
      await asBare(kind, once(headers(...initial), reply('x')));
    });

    it('hears only the first of two initial metadata', async () => {
      const heard = await asBare(kind, once(headers(text('nth', '1')), headers(text('nth', '2')), reply('x')));
      expect(initialMetadataOf(heard)).toEqual({ nth: ['1'] });
    });

    it('carries its metadata to the handler: texts, repeated keys, bytes', async () => {
      const metadata = [
        text('tag', 'a'),
        text('tag', 'b'),
        text('Upper', 'C'),
        text('spaces', 'in  between'),
        binary('blob-bin', 0, 255),
        binary('blob-bin', 7),
      ];
      const heard = await ask(kind, once(report), { metadata });
      const expected = { tag: ['a, b'], upper: ['C'], spaces: ['in  between'], 'blob-bin': ['00ff', '07'] };
      expect(seen(heard).metadata).toMatchObject(expected);
      const alone = await hear(reference().client, kind, once(report), { metadata });
      expect(seen(heard).metadata).toEqual(withoutUserAgent(seen(alone).metadata, deployment.replicated));
    });

    it('keeps its metadata if the caller changes the object afterwards', async () => {
      const metadata = new Metadata();
      metadata.set('tag', 'before');
      const heard = ask(kind, once(report), { metadata });
      metadata.set('tag', 'after');
      expect(seen(await heard).metadata.tag).toEqual(['before']);
    });

    it.each(failures)('fails with status %i, its details and trailers', async (code) => {
      const details = `the reason of ${Status[code]}`;
      const how = { code, details, trailers: [text('why', 'because'), binary('why-bin', 9)] };
      const heard = await asBare(kind, once(end(how)));
      const metadata = { why: ['because'], 'why-bin': [Buffer.from([9])] };
      expect(statusOf(heard)).toEqual({ code, details, metadata });
      expect(errorOf(heard)).toEqual({ code, details, metadata, message: `${code} ${Status[code]}: ${details}` });
      expect(initialMetadataOf(heard)).toBeUndefined();
    });

    it.each([17, 99, 2 ** 31 - 1])('ends as a bare call does with %i, which is not a status', async (code) => {
      await asBare(kind, once(end({ code, details: 'odd' })));
    });

    it('ends as a bare call does with a negative number', async () => {
      const heard = await asBare(kind, once(end({ code: -1, details: 'odd' })));
      expect(statusOf(heard)).toMatchObject({ code: -1, details: 'odd' });
    });

    it.each([
      ['empty', ''],
      ['of all alphabets', 'größer, 更大, Ω, 🚲'],
      ['with signs that HTTP minds', '100 % of "it"\r\n\ttab & % 20 %41'],
      ['long', 'so long '.repeat(200)],
    ])('hears details that are %s', async (_what, details) => {
      const heard = await asBare(kind, once(end({ code: Status.DATA_LOSS, details })));
      expect(statusOf(heard).details).toBe(details);
    });

    it('fails with an error that has no code', async () => {
      const how = { withoutCode: true, details: 'plain', trailers: [text('why', 'so')] };
      const heard = await asBare(kind, once(end(how)));
      expect(statusOf(heard)).toEqual({ code: Status.UNKNOWN, details: 'plain', metadata: { why: ['so'] } });
    });

    it.each([
      ['after initial metadata', headers(text('first', '1'))],
      ['after empty initial metadata', headers()],
      ['after a message', reply('x')],
    ])('fails %s', async (_when, before) => {
      const how = { code: Status.ABORTED, details: 'after all', trailers: [text('why', 'so')] };
      const heard = await asBare(kind, once(before, end(how)));
      expect(statusOf(heard)).toMatchObject({ code: Status.ABORTED, details: 'after all' });
    });

    it.each([
      ['at once', []],
      ['after initial metadata', [headers(text('first', '1'))]],
      ['after a message', [headers(text('first', '1')), reply('x')]],
    ])('fails by an emitted error %s', async (_when, before) => {
      // grpc-js ignores `error` events that a handler of a client stream emits.
      if (kind === 'clientStream') return;
      const how = { way: 'EMITTED', code: Status.NOT_FOUND, details: 'gone', trailers: [text('why', 'so')] } as const;
      const heard = await asBare(kind, once(...before, end(how)));
      expect(statusOf(heard)).toMatchObject({ code: Status.NOT_FOUND, details: 'gone' });
    });

    it.each([
      ['at once', []],
      ['after initial metadata', [headers(text('first', '1'))]],
      ['after a message', [headers(text('first', '1')), reply('x')]],
      ['after its end', [reply('x'), end()]],
      ['after it failed', [end({ code: Status.ABORTED, details: 'first' })]],
    ])('ends as a bare call does when its handler throws %s', async (_when, before) => {
      const steps = [...before, end({ way: 'THROWN', details: 'secret' })];
      const heard =
        kind === 'unary' || kind === 'serverStream'
          ? await asBare(kind, once(...steps))
          : await asBare(kind, [], { metadata: [onStart(...steps)] });
      expect(JSON.stringify(heard)).not.toContain('secret');
    });

    it.each([
      [
        'of HTTP and gRPC',
        ['user-agent', 'te', 'content-type', 'grpc-encoding', 'grpc-accept-encoding', 'accept-encoding'],
      ],
      ['of a value that HTTP does not carry', ['padded']],
    ])('does not carry to its handler metadata %s', async (_what, keys) => {
      const ofTransport = keys.map((key) => text(key, key === 'padded' ? ' padded ' : 'identity'));
      const metadata = [...ofTransport, text('tag', 'x')];
      const { 'user-agent': agent = [], ...others } = seen(await ask(kind, once(report), { metadata })).metadata;
      expect(others).toEqual({ tag: ['x'] });
      expect(agent).toEqual(deployment.replicated ? [] : [expect.stringMatching(/^grpc-node-js/)]);
    });
  });

  describe('unary, by other stubs', () => {
    const { Unary } = ScriptService;
    const path = Unary?.path ?? '';
    const bytesOf = (request: Request): Buffer => Unary?.requestSerialize(request) as Buffer;
    const asIs = (bytes: Buffer): Buffer => bytes;

    interface Stub {
      readonly path?: string;
      readonly serialize?: (bytes: Buffer) => Buffer;
      readonly deserialize?: (bytes: Buffer) => Buffer;
      readonly bytes?: Buffer;
    }

    async function asBareByStub(stub: Stub): Promise<{ code: number; details: string }> {
      const [ours, theirs] = await Promise.all([callBy(group().client, stub), callBy(reference().client, stub)]);
      expect(plain(ours)).toEqual(plain(theirs));
      return plain(ours);
    }

    const plain = ({ code, details }: ServiceError) => ({ code, details });

    const callBy = (client: Client, { serialize = asIs, deserialize = asIs, bytes, ...stub }: Stub) =>
      new Promise<ServiceError>((resolve, reject) => {
        client.makeUnaryRequest(
          stub.path ?? path,
          serialize,
          deserialize,
          bytes ?? bytesOf({ steps: [reply('x')] }),
          (error) => (error === null ? reject(new Error('it succeeded')) : resolve(error)),
        );
      });

    it('ends as a bare call does when its request cannot be decoded', async () => {
      const bytes = Buffer.from('no protobuf');
      expect(await asBareByStub({ bytes })).toEqual({ code: Status.INTERNAL, details: 'Error deserializing request' });
    });

    it('ends as a bare call does when its request cannot be encoded', async () => {
      const serialize = (): Buffer => {
        throw new Error('no bytes');
      };
      expect((await asBareByStub({ serialize })).details).toBe('Request message serialization failure: no bytes');
    });

    it('ends as a bare call does when its reply cannot be decoded', async () => {
      const deserialize = (): Buffer => {
        throw new Error('unreadable');
      };
      expect((await asBareByStub({ deserialize })).code).toBe(Status.INTERNAL);
    });

    it('ends as a bare call does when the server does not implement the method', async () => {
      const absent = '/transparency.v1.Script/Absent';
      expect(await asBareByStub({ path: absent })).toEqual({
        code: Status.UNIMPLEMENTED,
        details: `The server does not implement the method ${absent}`,
      });
    });
  });

  it.each(kinds)('hears the metadata that its connection adds, unless it shares a connection, %s', async (kind) => {
    const keys: string[] = [];
    const conversation = new Conversation(group().client, kind, once(reply('x')));
    conversation.call.on('metadata', (metadata: Metadata) => keys.push(...Object.keys(metadata.toJSON())));
    await conversation.ended;
    const byFrame = deployment.name === 'stream' || (deployment.name === 'rpc' && kind !== 'unary');
    expect(keys.toSorted()).toEqual(byFrame ? [] : ['content-type', 'date']);
  });

  it.each(kinds)('does not carry metadata with our own prefix to a replicated handler, %s', async (kind) => {
    const metadata = [text('understudy-own', 'x'), text('tag', 'x')];
    const told = seen(await ask(kind, once(report), { metadata })).metadata;
    expect(told).toMatchObject({ tag: ['x'] });
    expect(told['understudy-own']).toEqual(deployment.replicated ? undefined : ['x']);
  });

  it('carries its path to the handler, and its host unless the handler is replicated', async () => {
    for (const kind of kinds) {
      const { path, host } = seen(await ask(kind, once(report)));
      expect(path.toLowerCase()).toBe(`/transparency.v1.script/${kind.toLowerCase()}`);
      expect(host).toBe(deployment.replicated ? '' : group().serving.address);
    }
  });
});

/** Removes the metadata that a single connection adds, which a replicated handler does not get. */
const withoutUserAgent = (metadata: Seen['metadata'], replicated: boolean): Seen['metadata'] => {
  if (!replicated) return metadata;
  const { 'user-agent': _agent, ...rest } = metadata;
  return rest;
};
