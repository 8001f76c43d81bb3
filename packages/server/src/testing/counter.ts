/** The service of the server's tests. */
import type { ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import type { StateSource } from '@understudy/core';

const asJson = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const fromJson = (bytes: Buffer): unknown => JSON.parse(bytes.toString());

const method = (name: string) => ({
  path: `/test.Counter/${name}`,
  requestStream: false,
  responseStream: false,
  requestSerialize: asJson,
  requestDeserialize: fromJson,
  responseSerialize: asJson,
  responseDeserialize: fromJson,
});

export const counterService = { Add: method('Add'), Get: method('Get'), Blob: method('Blob') };

/** A request to add. The counter adds once for each `id` and remembers all ids, so that a call executed twice shows. */
export interface Added {
  readonly id: string;
  readonly by: number;
}

type CounterCall = ServerUnaryCall<Added, number>;

/** A small stateful service. */
export class Counter implements StateSource {
  value = 0;
  ids: string[] = [];
  /** What another version of the handler adds to its replies, so that the two differ. */
  mark = 0;
  /** The callers, by the metadata `user`; not part of the state. */
  readonly users: string[] = [];
  /** By how many bytes its copies are larger than necessary. */
  padding = 0;

  readonly handlers = {
    Add: (call: CounterCall, callback: sendUnaryData<number>): void => {
      this.ids.push(call.request.id);
      this.users.push(...call.metadata.get('user').map(String));
      this.value += call.request.by;
      callback(null, this.value + this.mark);
    },
    /** Replies with as many characters as the request asks for. */
    Blob: (call: ServerUnaryCall<number, string>, callback: sendUnaryData<string>): void =>
      callback(null, 'x'.repeat(call.request)),
    Get: (_call: CounterCall, callback: sendUnaryData<number>): void => callback(null, this.value),
  };

  checkpoint(): Uint8Array {
    const copy = asJson({ value: this.value, ids: this.ids });
    return this.padding === 0 ? copy : Buffer.concat([copy, Buffer.alloc(this.padding, ' ')]);
  }

  restore(state: Uint8Array): void {
    const { value, ids } = fromJson(Buffer.from(state)) as { value: number; ids: string[] };
    this.value = value;
    this.ids = ids;
  }
}
