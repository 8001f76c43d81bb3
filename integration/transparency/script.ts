/** The messages of the script service, and the steps of its scripts. */
import { fileURLToPath } from 'node:url';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

export type Entry = { readonly key: string } & ({ readonly text: string } | { readonly binary: Buffer });

export interface End {
  readonly way?: 'USUAL' | 'EMITTED' | 'THROWN';
  readonly code?: number;
  readonly details?: string;
  readonly trailers?: readonly Entry[];
  readonly withoutCode?: boolean;
}

export interface Reply {
  readonly text?: string;
  readonly payload?: Buffer;
}

/** A step of a script. Exactly one of these fields is set. */
export interface Step {
  readonly headers?: { readonly entries: readonly Entry[] };
  readonly reply?: Reply;
  readonly blob?: number;
  readonly report?: true;
  readonly gate?: string;
  readonly end?: End;
  readonly hold?: true;
  readonly echo?: true;
  readonly asks?: Asks;
  readonly values?: number;
}

export interface Asks {
  readonly calls: readonly Ask[];
  readonly unawaited?: boolean;
}

export interface Ask {
  readonly request: Request;
  readonly metadata?: readonly Entry[];
  readonly timeoutMs?: number;
  readonly cancelled?: boolean;
}

export interface Request {
  readonly name?: string;
  readonly steps?: readonly Step[];
  readonly atEnd?: readonly Step[];
  readonly payload?: Buffer;
}

export type ScriptClient = grpc.Client & {
  unary(request: Request, metadata: grpc.Metadata, options: grpc.CallOptions, done: Done): grpc.ClientUnaryCall;
  clientStream(metadata: grpc.Metadata, options: grpc.CallOptions, done: Done): grpc.ClientWritableStream<Request>;
  serverStream(
    request: Request,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
  ): grpc.ClientReadableStream<Required<Reply>>;
  bidi(metadata: grpc.Metadata, options: grpc.CallOptions): grpc.ClientDuplexStream<Request, Required<Reply>>;
};

type Done = grpc.requestCallback<Required<Reply>>;

type ScriptClientConstructor = new (
  target: string,
  credentials: grpc.ChannelCredentials,
  options?: grpc.ClientOptions,
) => ScriptClient;

const definitions = loadSync(fileURLToPath(new URL('transparency.proto', import.meta.url)), {
  enums: String,
  defaults: true,
  arrays: true,
  oneofs: true,
});

export const ScriptService = definitions['transparency.v1.Script'] as grpc.ServiceDefinition;
export const ScriptClient = grpc.makeGenericClientConstructor(
  ScriptService,
  'Script',
) as unknown as ScriptClientConstructor;

/** Makes metadata with a request that a handler of request streams performs before it reads the stream. */
export const ON_START = 'on-start-bin';

export const requestFrom = (bytes: Buffer): Request => ScriptService.Unary?.requestDeserialize(bytes) as Request;

export function onStart(...steps: readonly Step[]): Entry {
  const request: Request = { steps };
  return { key: ON_START, binary: ScriptService.Unary?.requestSerialize(request) as Buffer };
}

// The steps of a script, as tests write them.

export const headers = (...entries: readonly Entry[]): Step => ({ headers: { entries } });
export const reply = (text: string): Step => ({ reply: { text } });
export const blob = (bytes: number): Step => ({ blob: bytes });
export const gate = (name: string): Step => ({ gate: name });
export const end = (how: End = {}): Step => ({ end: how });
export const values = (draws: number): Step => ({ values: draws });
export const report: Step = { report: true };
export const hold: Step = { hold: true };
export const echo: Step = { echo: true };
export const ask = (...calls: readonly Ask[]): Step => ({ asks: { calls } });
export const tell = (...calls: readonly Ask[]): Step => ({ asks: { calls, unawaited: true } });

export const text = (key: string, value: string): Entry => ({ key, text: value });
export const binary = (key: string, ...bytes: readonly number[]): Entry => ({ key, binary: Buffer.from(bytes) });

export function metadataOf(entries: readonly Entry[]): grpc.Metadata {
  const metadata = new grpc.Metadata();
  for (const entry of entries) metadata.add(entry.key, 'text' in entry ? entry.text : entry.binary);
  return metadata;
}
