/** A streaming call for tests, which notes all that its application hears. */
import {
  type CallOptions,
  type Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  type ClientWritableStream,
  Metadata,
  type ServiceError,
  type StatusObject,
} from '@grpc/grpc-js';
import { echoDefinition } from './echo.js';
import type { Does } from './stream-handler.js';
import { Watchers } from './watchers.js';

export type Kind = 'upload' | 'watch' | 'chat';

/** Everything that a client hears of a streaming call, in order. */
export interface Heard {
  readonly events: readonly string[];
  readonly error: ServiceError | undefined;
  readonly initialMetadata: Metadata | undefined;
  readonly status: StatusObject;
  /** How many messages were confirmed as written. */
  readonly written: number;
}

export interface StreamAsk {
  readonly kind?: Kind;
  readonly count?: number;
  readonly metadata?: Metadata;
  readonly options?: CallOptions;
  /** The one request, if the method has only one. */
  readonly request?: string;
  /** The client reads nothing until it says so itself. */
  readonly paused?: boolean;
  /** Gets the call as soon as it is made. */
  readonly made?: (call: StreamingCall) => void;
}

export class StreamingCall {
  readonly events: string[] = [];
  readonly heard: Promise<Heard>;
  readonly call: ClientDuplexStream<string, string>;
  written = 0;
  #error: ServiceError | undefined;
  #initialMetadata: Metadata | undefined;
  readonly #client: Client;
  readonly #watchers = new Watchers(this);

  constructor(client: Client, does: Does, ask: StreamAsk) {
    this.#client = client;
    const { kind = 'chat', count, metadata = new Metadata(), options = {}, request = 'x' } = ask;
    metadata.set('does', does);
    if (count !== undefined) metadata.set('count', String(count));
    const call = this.#open(client, kind, metadata, options, request);
    // Tests use only the halves of a duplex stream that their kind of method has.
    this.call = call as ClientDuplexStream<string, string>;
    call.on('metadata', (received: Metadata) => {
      this.#note('metadata');
      this.#initialMetadata = received;
    });
    if (kind !== 'upload') this.#listenToReadable(ask.paused === true);
    this.heard = new Promise((resolve) => {
      call.on('status', (status: StatusObject) => {
        this.#note(`status ${status.code}`);
        // Events that a stream emits because it has ended come in later turns.
        setImmediate(() => setImmediate(() => resolve(this.#all(status))));
      });
    });
    ask.made?.(this);
  }

  write(...texts: string[]): this {
    for (const text of texts) {
      this.call.write(text, () => {
        this.written++;
        this.#changed();
      });
    }
    return this;
  }

  end(): this {
    this.call.end();
    return this;
  }

  /** Resolves once the call has got that far. */
  until(condition: (call: this) => boolean): Promise<void> {
    return this.#watchers.until(condition);
  }

  /** Makes another call of the same client. */
  another(does: Does, ask: StreamAsk): StreamingCall {
    return new StreamingCall(this.#client, does, ask);
  }

  #open(
    client: Client,
    kind: Kind,
    metadata: Metadata,
    options: CallOptions,
    request: string,
  ): ClientReadableStream<string> | ClientWritableStream<string> {
    const { path, requestSerialize: serialize, responseDeserialize: deserialize } = echoDefinition[kind];
    switch (kind) {
      case 'upload':
        return client.makeClientStreamRequest(path, serialize, deserialize, metadata, options, (error, value) => {
          if (error === null) this.#note(`value ${value}`);
          else this.#fail(error);
        });
      case 'watch':
        return client.makeServerStreamRequest(path, serialize, deserialize, request, metadata, options);
      case 'chat':
        return client.makeBidiStreamRequest(path, serialize, deserialize, metadata, options);
    }
  }

  #listenToReadable(paused: boolean): void {
    const { call } = this;
    call.on('error', (error: ServiceError) => this.#fail(error));
    call.on('end', () => this.#note('end'));
    // This must come before the listener, which would make the stream flow.
    if (paused) call.pause();
    call.on('data', (text: string) => this.#note(text));
  }

  #fail(error: ServiceError): void {
    this.#error = error;
    this.#note('error');
  }

  #note(event: string): void {
    this.events.push(event);
    this.#changed();
  }

  #changed(): void {
    this.#watchers.changed();
  }

  #all(status: StatusObject): Heard {
    const { events, written } = this;
    return { events: [...events], error: this.#error, initialMetadata: this.#initialMetadata, status, written };
  }
}
