/** The service grpc.health.v1.Health, whose definition is in the code, so that a bundled server needs no .proto file. */
import type { Server, ServerUnaryCall, ServerWritableStream, sendUnaryData } from '@grpc/grpc-js';
import { status as Status } from '@grpc/grpc-js';
import { ProtoWriter } from '../checks/proto-writer.js';

/** The status that a server gives for a service. */
export type HealthStatus = keyof typeof NUMBERS;

const NUMBERS = { UNKNOWN: 0, SERVING: 1, NOT_SERVING: 2, SERVICE_UNKNOWN: 3 } as const;
/** No `List` names more services than this, as in gRPC's own implementations. */
const LISTED_MAX = 100;

interface HealthRequest {
  readonly service: string;
}

const method = <T>(name: string, responseStream: boolean, responseSerialize: (value: T) => Buffer) => ({
  path: `/grpc.health.v1.Health/${name}`,
  requestStream: false,
  responseStream,
  requestSerialize: ({ service }: HealthRequest): Buffer => new ProtoWriter().string(1, service).finish(),
  requestDeserialize: (bytes: Buffer): HealthRequest => ({ service: firstString(bytes) }),
  responseSerialize,
  responseDeserialize: (bytes: Buffer): Buffer => bytes,
});

const encodeStatus = (status: HealthStatus): Buffer => new ProtoWriter().uint(1, NUMBERS[status]).finish();

function encodeList(statuses: ReadonlyMap<string, HealthStatus>): Buffer {
  const writer = new ProtoWriter();
  for (const [service, status] of statuses) {
    writer.bytes(1, new ProtoWriter().string(1, service).bytes(2, encodeStatus(status)).finish());
  }
  return writer.finish();
}

/** Its methods, as grpc-js registers them. */
const healthService = {
  check: method('Check', false, encodeStatus),
  list: method('List', false, encodeList),
  watch: method('Watch', true, encodeStatus),
};

type Watch = ServerWritableStream<HealthRequest, HealthStatus>;

/** Keeps the status of each service, and tells clients that watch one of every change. */
export class HealthService {
  readonly #statuses: Map<string, HealthStatus>;
  readonly #watchers = new Map<string, Set<Watch>>();

  constructor(statuses: Readonly<Record<string, HealthStatus>>) {
    this.#statuses = new Map(Object.entries(statuses));
  }

  setStatus(service: string, status: HealthStatus): void {
    this.#statuses.set(service, status);
    for (const watch of this.#watchers.get(service) ?? []) watch.write(status);
  }

  /** @throws Error if the server has such a service already */
  addToServer(server: Server): void {
    server.addService(healthService, {
      check: (call: ServerUnaryCall<HealthRequest, HealthStatus>, callback: sendUnaryData<HealthStatus>): void => {
        const { service } = call.request;
        const status = this.#statuses.get(service);
        if (status !== undefined) callback(null, status);
        else callback({ code: Status.NOT_FOUND, details: `Health status unknown for service ${service}` });
      },
      list: (_call: unknown, callback: sendUnaryData<ReadonlyMap<string, HealthStatus>>): void => {
        if (this.#statuses.size <= LISTED_MAX) callback(null, this.#statuses);
        else callback({ code: Status.RESOURCE_EXHAUSTED, details: 'Too many services to list.' });
      },
      watch: (call: Watch): void => {
        const { service } = call.request;
        const watchers = this.#watchers.get(service) ?? new Set();
        this.#watchers.set(service, watchers.add(call));
        call.on('cancelled', () => this.#unwatch(service, call));
        call.write(this.#statuses.get(service) ?? 'SERVICE_UNKNOWN');
      },
    });
  }

  #unwatch(service: string, call: Watch): void {
    const watchers = this.#watchers.get(service);
    watchers?.delete(call);
    if (watchers?.size === 0) this.#watchers.delete(service);
  }
}

/**
 * Reads field 1 of a message, a string, and passes over any others.
 *
 * @throws Error if the bytes are no message; gRPC then answers INTERNAL
 */
function firstString(bytes: Buffer): string {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 0x80) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error('a message ends within a number');
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  };
  let text = '';
  while (at < bytes.length) {
    const key = varint();
    const size = { 0: 0, 1: 8, 2: -1, 5: 4 }[key % 8];
    if (size === undefined) throw new Error(`a field has the unknown wire type ${key % 8}`);
    const length = size < 0 ? varint() : size;
    if (key % 8 === 0) varint();
    if (at + length > bytes.length) throw new Error('a message ends within a field');
    if (key === 0xa) text = bytes.toString('utf8', at, at + length);
    at += length;
  }
  return text;
}
