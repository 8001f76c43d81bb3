/** Calls of the transparency tests, and everything that their callers hear. */
import type { EventEmitter } from 'node:events';
import * as grpc from '@grpc/grpc-js';
import type { Entry, Reply, Request, ScriptClient } from './script.js';
import { metadataOf } from './script.js';

export const KINDS = ['unary', 'clientStream', 'serverStream', 'bidi'] as const;
export type Kind = (typeof KINDS)[number];

type Values = Readonly<Record<string, readonly (string | Buffer)[]>>;

interface Told {
  readonly code: number;
  readonly details: string;
  readonly metadata: Values;
}

/** An event of a call, as its application hears it. */
export type Heard =
  | { readonly metadata: Values }
  | { readonly message: Required<Reply> }
  | { readonly error: Told & { readonly message: string } }
  | { readonly status: Told }
  | { readonly end: true };

export interface Manner {
  readonly metadata?: readonly Entry[] | grpc.Metadata;
  readonly options?: grpc.CallOptions;
  /** Leaves the stream of requests open after the given ones. */
  readonly open?: boolean;
}

type Call = EventEmitter &
  Pick<grpc.ClientUnaryCall, 'cancel' | 'getPeer' | 'getAuthContext'> &
  Partial<Pick<grpc.ClientWritableStream<Request>, 'write' | 'end'>>;

/** One call, and everything that its caller hears. */
export class Conversation {
  readonly heard: Heard[] = [];
  /** Resolves when the call has ended and no event can follow. */
  readonly ended: Promise<readonly Heard[]>;
  readonly call: Call;
  readonly #missing: Set<string>;
  readonly #watchers = new Set<() => void>();

  /** @param requests the requests to send at once; exactly one if the method takes one */
  constructor(client: ScriptClient, kind: Kind, requests: readonly Request[], manner: Manner = {}) {
    const { metadata: given = [], options = {}, open = false } = manner;
    const metadata = given instanceof grpc.Metadata ? given : metadataOf(given);
    const singleReply = kind === 'unary' || kind === 'clientStream';
    this.#missing = new Set(['status', singleReply ? 'reply' : 'end']);
    this.ended = this.until(() => this.#missing.size === 0);
    const done: grpc.requestCallback<Required<Reply>> = (error, message) => {
      if (error !== null) this.#hear({ error: toldError(error) });
      else if (message !== undefined) this.#hear({ message });
      this.#got('reply');
    };
    const [first = {}] = requests;
    switch (kind) {
      case 'unary':
        this.call = client.unary(first, metadata, options, done);
        break;
      case 'clientStream':
        this.call = client.clientStream(metadata, options, done);
        break;
      case 'serverStream':
        this.call = client.serverStream(first, metadata, options);
        break;
      case 'bidi':
        this.call = client.bidi(metadata, options);
    }
    this.#listen(singleReply);
    if (kind === 'unary' || kind === 'serverStream') return;
    for (const request of requests) this.send(request);
    if (!open) this.endRequests();
  }

  send(request: Request): void {
    this.call.write?.(request);
  }

  endRequests(): void {
    this.call.end?.();
  }

  /** Waits for a condition, which is checked after each event. */
  until(holds: (heard: readonly Heard[]) => boolean): Promise<readonly Heard[]> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!holds(this.heard)) return;
        this.#watchers.delete(look);
        resolve(this.heard);
      };
      this.#watchers.add(look);
      look();
    });
  }

  /** Waits until `count` messages have arrived. */
  messages(count: number): Promise<readonly Heard[]> {
    return this.until((heard) => heard.filter((each) => 'message' in each).length >= count);
  }

  #listen(singleReply: boolean): void {
    const { call } = this;
    call.on('metadata', (metadata: grpc.Metadata) => this.#hear({ metadata: valuesOf(metadata) }));
    call.on('status', (status: grpc.StatusObject) => {
      this.#hear({ status: told(status) });
      this.#got('status');
    });
    // The callback receives a single reply or the error.
    if (singleReply) {
      call.on('error', () => {});
      return;
    }
    call.on('data', (message: Required<Reply>) => this.#hear({ message }));
    call.on('error', (error: grpc.ServiceError) => this.#hear({ error: toldError(error) }));
    call.on('end', () => {
      this.#hear({ end: true });
      this.#got('end');
    });
  }

  #hear(heard: Heard): void {
    this.heard.push(heard);
    this.#look();
  }

  #got(what: string): void {
    this.#missing.delete(what);
    this.#look();
  }

  #look(): void {
    for (const look of [...this.#watchers]) look();
  }
}

/** Makes a call and returns everything that its caller hears. */
export const hear = (client: ScriptClient, kind: Kind, requests: readonly Request[], manner: Manner = {}) =>
  new Conversation(client, kind, requests, manner).ended;

// Functions that pick parts of the events.

export const statusOf = (heard: readonly Heard[]): Told => pick(heard, 'status') as Told;
export const initialMetadataOf = (heard: readonly Heard[]): Values | undefined => pick(heard, 'metadata') as Values;
export const errorOf = (heard: readonly Heard[]) => pick(heard, 'error') as (Told & { message: string }) | undefined;
export const messagesOf = (heard: readonly Heard[]): readonly Required<Reply>[] =>
  heard.flatMap((each) => ('message' in each ? [each.message] : []));
export const textsOf = (heard: readonly Heard[]): readonly string[] => messagesOf(heard).map(({ text }) => text);

const pick = (heard: readonly Heard[], what: string): unknown =>
  heard.map((each) => (each as Readonly<Record<string, unknown>>)[what]).find((value) => value !== undefined);

/** Metadata that links add to a reply by themselves; see packages/docs/transparency.md. */
export const FROM_TRANSPORT: readonly string[] = ['content-type', 'date'];

function valuesOf(metadata: grpc.Metadata): Values {
  const values = metadata.toJSON();
  for (const key of FROM_TRANSPORT) delete values[key];
  return values;
}

const told = ({ code, details, metadata }: grpc.StatusObject): Told => ({
  code,
  details,
  metadata: valuesOf(metadata),
});

const toldError = (error: grpc.ServiceError) => ({ ...told(error), message: error.message });
