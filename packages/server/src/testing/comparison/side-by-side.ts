/** Serves the same unary handlers with grpc-js and with ours, so that tests can compare what clients see. */
import {
  Client,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type ServerInterceptor,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { Request } from '@understudy/core/internal';
import type { Arrival } from '../../capture/arrival.js';
import type { Definition } from '../../capture/captured.js';
import { HandlerRegistry } from '../../capture/registry.js';
import type { HandlerFault } from '../../handlers/handler-fault.js';
import { runUnary } from '../../handlers/run-unary.js';
import { answer, failStream } from '../../intake/answer.js';
import { incomingCall } from '../../intake/incoming-call.js';
import { admit } from '../../interception/admission.js';

export interface Method {
  readonly handler: UntypedServiceImplementation[string];
  /** Replaces parts of the usual definition, which has JSON on both sides. */
  readonly definition?: Partial<Definition> & { readonly options?: unknown };
}

/** Everything that a client can observe of a unary call. */
export interface Observed {
  readonly value: unknown;
  readonly error: unknown;
  readonly initialMetadata: unknown;
  readonly status: unknown;
}

export const jsonBytes = (value: unknown): Buffer => {
  if (value === undefined) throw new TypeError('undefined has no JSON');
  return Buffer.from(JSON.stringify(value));
};
export const jsonValue = (bytes: Buffer): unknown => JSON.parse(bytes.toString());

const pathOf = (name: string): string => `/test.Service/${name}`;

export function serviceOf(methods: Record<string, Method>): Record<string, Definition> {
  const definitions = Object.entries(methods).map(([name, { definition }]) => [
    name,
    {
      path: pathOf(name),
      requestStream: false,
      responseStream: false,
      requestSerialize: jsonBytes,
      requestDeserialize: jsonValue,
      responseSerialize: jsonBytes,
      responseDeserialize: jsonValue,
      ...definition,
    },
  ]);
  return Object.fromEntries(definitions);
}

export const implementationOf = (methods: Record<string, Method>): UntypedServiceImplementation =>
  Object.fromEntries(Object.entries(methods).map(([name, { handler }]) => [name, handler]));

export interface Running {
  readonly port: number;
  call(name: string, options?: CallOptions): Promise<Observed>;
  close(): void;
}

export interface CallOptions {
  readonly bytes?: Buffer;
  readonly metadata?: Metadata;
  readonly deadline?: number;
}

/** Starts `server` on a free port of loopback, with a client. */
export async function serve(server: Server): Promise<Running> {
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  return {
    port,
    call: (name, options = {}) => observe(client, pathOf(name), options),
    close: () => {
      client.close();
      server.forceShutdown();
    },
  };
}

/** Serves the handlers as grpc-js serves them. */
export function servePlain(methods: Record<string, Method>, interceptors: ServerInterceptor[] = []): Promise<Running> {
  const server = new Server({ interceptors });
  server.addService(serviceOf(methods), implementationOf(methods));
  return serve(server);
}

export interface CapturedOptions {
  readonly interceptors?: readonly ServerInterceptor[];
  readonly header?: Uint8Array;
  readonly onFault?: (fault: HandlerFault) => void;
  readonly onRequest?: (request: Request, header: Uint8Array | undefined) => void;
  /** Stands in for the transfer of a change to a backup. */
  readonly transfer?: (changed: Request, original: Request) => Request;
}

/**
 * Serves the same handlers behind a registry; each call goes through interception, the handler and the answer at once.
 */
export function serveCaptured(methods: Record<string, Method>, options: CapturedOptions = {}): Promise<Running> {
  const registry = new HandlerRegistry({
    gateway: {
      onCall: (arrival) => passThrough(registry, arrival, options),
      onStream: (arrival) => failStream(arrival, 'UNDERSTUDY_UNSUPPORTED', 'only unary calls pass here'),
    },
  });
  const server = new Server();
  registry.attach(server);
  server.addService(serviceOf(methods), implementationOf(methods));
  return serve(server);
}

function passThrough(registry: HandlerRegistry, { path, call, callback }: Arrival, options: CapturedOptions): void {
  const { request, peer, header } = incomingCall(call, call.request);
  const captured = registry.unary(path);
  if (captured === undefined) throw new Error(`${path} was not captured`);
  options.onRequest?.(request, header);
  const context = options.onFault === undefined ? { peer } : { peer, onFault: options.onFault };
  admit(
    options.interceptors ?? [],
    captured,
    request,
    peer,
    (result) => {
      if (result.kind === 'ended') {
        answer(call, callback, result.outcome, options.header);
        return;
      }
      const changed = result.changed && (options.transfer?.(result.changed, request) ?? result.changed);
      runUnary(captured, changed ?? request, context, (outcome) =>
        result.finish(outcome, (sent) => answer(call, callback, sent, options.header)),
      );
    },
    { origin: call, ...(options.onFault && { onFault: options.onFault }) },
  );
}

function observe(client: Client, path: string, options: CallOptions): Promise<Observed> {
  const bytes = options.bytes ?? jsonBytes({ text: 'hello' });
  return new Promise((resolve) => {
    const seen: { initialMetadata: unknown; status: unknown; done?: { error: unknown; value: unknown } } = {
      initialMetadata: 'none',
      status: 'none',
    };
    const finish = () => {
      if (seen.done === undefined || seen.status === 'none') return;
      resolve({ ...seen.done, initialMetadata: seen.initialMetadata, status: seen.status });
    };
    const call = client.makeUnaryRequest(
      path,
      (value: Buffer) => value,
      (value: Buffer) => value.toString(),
      bytes,
      options.metadata ?? new Metadata(),
      options.deadline === undefined ? {} : { deadline: options.deadline },
      (error, value) => {
        const told = error && { code: error.code, details: error.details, message: error.message };
        seen.done = { error: told && { ...told, metadata: plain(error.metadata) }, value };
        finish();
      },
    );
    call.on('metadata', (metadata) => {
      seen.initialMetadata = plain(metadata);
    });
    call.on('status', ({ code, details, metadata }) => {
      seen.status = { code, details, metadata: plain(metadata) };
      finish();
    });
  });
}

/** The entries of metadata, without the date that Node adds to every response. */
export function plain(metadata: Metadata): unknown {
  const { date: _date, ...rest } = metadata.toJSON();
  return rest;
}
