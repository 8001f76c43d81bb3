import {
  type Client,
  type ClientOptions,
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  status as Status,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { decodeCaller } from '@understudy/wire';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ask, connectTo, echoDefinition } from '../testing/echo.js';
import { callerAt, ScriptedHandling } from '../testing/scripted-handling.js';
import { StreamingCall } from '../testing/stream-client.js';
import { nested } from './nested.js';

/** An ordinary service that notes what it is asked. */
class AuditServer {
  readonly server = new Server();
  seen: Metadata[] = [];
  #whenCancelled: (() => void)[] = [];
  #whenAsked: (() => void)[] = [];
  port = 0;

  async start(): Promise<void> {
    const { echo, look } = echoDefinition;
    const twice = { ...look, responseStream: true };
    this.server.addService(
      { echo, twice },
      {
        echo: (call: ServerUnaryCall<string, string>, callback: sendUnaryData<string>) => this.#echo(call, callback),
        twice: (call: ServerWritableStream<string, string>) => {
          for (const text of ['once', 'twice']) call.write(text);
        },
      },
    );
    this.port = await new Promise((resolve, reject) => {
      this.server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
  }

  asked(): Promise<void> {
    return new Promise((resolve) => this.#whenAsked.push(resolve));
  }

  cancelled(): Promise<void> {
    return new Promise((resolve) => this.#whenCancelled.push(resolve));
  }

  #echo(call: ServerUnaryCall<string, string>, callback: sendUnaryData<string>): void {
    this.seen.push(call.metadata);
    for (const tell of this.#whenAsked.splice(0)) tell();
    call.on('cancelled', () => {
      for (const tell of this.#whenCancelled.splice(0)) tell();
    });
    const metadata = new Metadata();
    switch (call.request) {
      case 'hang':
        return;
      case 'not found':
        metadata.set('why', 'gone');
        callback({ code: Status.NOT_FOUND, details: 'no such thing', metadata });
        return;
      case 'metadata':
        metadata.set('blob-bin', Buffer.from([0, 255]));
        call.sendMetadata(metadata);
        callback(null, 'ok', metadata);
        return;
      default:
        callback(null, call.request);
    }
  }
}

const audit = new AuditServer();
let client: Client;
beforeAll(() => audit.start());
afterAll(() => audit.server.forceShutdown());
const connect = (options: ClientOptions = {}): Client =>
  connectTo(`127.0.0.1:${audit.port}`, { ...nested(), ...options });
beforeEach(() => {
  audit.seen = [];
  client = connect();
});
afterEach(() => client.close());

describe("a handler's call to a service that is not replicated", () => {
  it('leaves from the primary alone, with a key that names it', async () => {
    const primary = ScriptedHandling.byHand();
    const backup = ScriptedHandling.byHand();
    const asked = [primary, backup].map((each) => each.run(() => ask(client, 'x')));
    expect(backup.only.request).toEqual({ method: '/test.Echo/Echo', message: Buffer.from('x') });
    const outcome = await primary.only.send(callerAt(7, 2));
    for (const each of [primary, backup]) each.only.receive(outcome);
    for (const heard of await Promise.all(asked)) {
      expect(heard).toMatchObject({ value: 'x', error: null, events: ['metadata', 'value', 'status'] });
    }
    expect(audit.seen).toHaveLength(1);
    expect(audit.seen[0]?.get('idempotency-key')).toEqual(['shop/0a1b:7.2']);
    const [caller] = audit.seen[0]?.get('understudy-nested-bin') ?? [];
    expect(decodeCaller(caller as Buffer)).toEqual(callerAt(7, 2));
  });

  it('has the same key when a successor sends it', async () => {
    const handling = ScriptedHandling.byHand();
    void handling.run(() => ask(client, 'x'));
    await handling.only.send(callerAt(7));
    await handling.only.send(callerAt(7));
    expect(audit.seen.map((metadata) => metadata.get('idempotency-key'))).toEqual([
      ['shop/0a1b:7.0'],
      ['shop/0a1b:7.0'],
    ]);
    handling.only.receive({ kind: 'reply', code: Status.OK, details: '' });
  });

  it('keeps a key that the handler gave it', async () => {
    const metadata = new Metadata();
    metadata.set('idempotency-key', 'order 5');
    await ScriptedHandling.primary().run(() => ask(client, 'x', { metadata }));
    expect(audit.seen[0]?.get('idempotency-key')).toEqual(['order 5']);
  });

  it('has a key that can travel, whatever the name of the group', async () => {
    const handling = ScriptedHandling.byHand();
    void handling.run(() => ask(client, 'x'));
    handling.only.receive(await handling.only.send(callerAt(7, 0, 'Läden 1/0a1b')));
    expect(audit.seen[0]?.get('idempotency-key')).toEqual(['L%C3%A4den%201/0a1b:7.0']);
  });

  it('ends with an error and its trailers', async () => {
    const { error } = await ScriptedHandling.primary().run(() => ask(client, 'not found'));
    expect(error).toMatchObject({ code: Status.NOT_FOUND, details: 'no such thing' });
    expect(error?.metadata.get('why')).toEqual(['gone']);
  });

  it('hears initial metadata and trailers, binary ones too', async () => {
    const { initialMetadata, trailers } = await ScriptedHandling.primary().run(() => ask(client, 'metadata'));
    for (const each of [initialMetadata, trailers]) expect(each?.get('blob-bin')).toEqual([Buffer.from([0, 255])]);
  });

  it('ends as an ordinary call when it cannot be serialized or its reply cannot be parsed', async () => {
    for (const text of ['unserializable', 'unparsable']) {
      const { error } = await ask(client, text);
      const inside = await ScriptedHandling.primary().run(() => ask(client, text));
      expect(inside.error).toMatchObject({ code: error?.code, details: error?.details });
    }
  });

  it('has the deadline that the handler gave it when it is sent', async () => {
    const handling = ScriptedHandling.primary();
    const { error } = await handling.run(() => ask(client, 'x', { options: { deadline: 1 } }));
    expect(error).toMatchObject({ code: Status.DEADLINE_EXCEEDED });
    expect(handling.made).toHaveLength(1);
  });

  it('is cancelled where it is served when the handler gives it up', async () => {
    const handling = ScriptedHandling.primary();
    const asked = audit.asked();
    const cancelled = audit.cancelled();
    let cancel = (): void => {};
    const heard = handling.run(() =>
      ask(client, 'hang', {
        made: (call) => {
          cancel = () => call.cancel();
        },
      }),
    );
    await asked;
    handling.run(cancel);
    expect((await heard).error).toMatchObject({ code: Status.CANCELLED, details: 'Cancelled on client' });
    await cancelled;
  });

  it('ends with an error when it is answered twice', async () => {
    const { look } = echoDefinition;
    const handling = ScriptedHandling.primary();
    const code = await new Promise((resolve) => {
      handling.run(() =>
        client.makeUnaryRequest(look.path, look.requestSerialize, look.responseDeserialize, 'x', (error) =>
          resolve([error?.code, error?.details]),
        ),
      );
    });
    expect(code).toEqual([Status.UNIMPLEMENTED, 'Too many responses received']);
  });

  it('may be made on a channel that clients share', async () => {
    const sharing = connect({ channelOverride: client.getChannel() });
    const handling = ScriptedHandling.primary();
    expect((await handling.run(() => ask(sharing, 'x'))).value).toBe('x');
    expect(handling.made).toHaveLength(1);
  });
});

describe('a client of a service that is not replicated, outside of handlers,', () => {
  it('makes ordinary calls', async () => {
    const { value, error } = await ask(client, 'x');
    expect([value, error]).toEqual(['x', null]);
    const keys = Object.keys(audit.seen[0]?.toJSON() ?? {});
    expect(keys.filter((key) => key.startsWith('understudy') || key === 'idempotency-key')).toEqual([]);
  });

  it('makes ordinary streams', async () => {
    const { status } = await new StreamingCall(client, 'hang', { kind: 'watch' }).heard;
    expect(status.details).not.toContain('UNDERSTUDY');
  });
});
