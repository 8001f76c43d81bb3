/** Services for the kit's own tests, which speak JSON. */
import { randomUUID } from 'node:crypto';
import type { ServerDuplexStream, ServerUnaryCall, ServiceDefinition, sendUnaryData } from '@grpc/grpc-js';
import type { TestedService } from '../service.js';

const json = {
  requestSerialize: (value: unknown) => Buffer.from(JSON.stringify(value)),
  requestDeserialize: (bytes: Buffer) => JSON.parse(bytes.toString()) as unknown,
  responseSerialize: (value: unknown) => Buffer.from(JSON.stringify(value)),
  responseDeserialize: (bytes: Buffer) => JSON.parse(bytes.toString()) as unknown,
};

export const unaryMethod = (path: string) => ({ path, requestStream: false, responseStream: false, ...json });

export const InventoryService = {
  add: unaryMethod('/test.v1.Inventory/Add'),
  list: unaryMethod('/test.v1.Inventory/List'),
  follow: { ...unaryMethod('/test.v1.Inventory/Follow'), requestStream: true, responseStream: true },
} satisfies ServiceDefinition;

export type Call = ServerUnaryCall<string, unknown>;
export type Reply = sendUnaryData<unknown>;

/** An inventory of the kind that people write: ids, timestamps, entries that expire. */
export class Inventory {
  items = new Map<string, { name: string; at: string }>();

  add(name: string): string {
    const id = randomUUID();
    this.items.set(id, { name, at: new Date().toISOString() });
    if (name.startsWith('brief')) setTimeout(() => this.items.delete(id), 20);
    return id;
  }

  readonly handlers = {
    add: ({ request }: Call, reply: Reply) => reply(null, { id: this.add(request), of: Math.random() }),
    list: (_call: Call, reply: Reply) => reply(null, [...this.items]),
    follow: (call: ServerDuplexStream<string, unknown>) => {
      call.on('data', (name: string) => call.write(this.add(name)));
      call.on('end', () => call.end());
    },
  };

  checkpoint(): Uint8Array {
    return Buffer.from(JSON.stringify([...this.items]));
  }

  restore(state: Uint8Array): void {
    this.items = new Map(JSON.parse(Buffer.from(state).toString()));
  }
}

export function makeInventory(): TestedService {
  const inventory = new Inventory();
  return { state: inventory, addTo: (server) => server.addService(InventoryService, inventory.handlers as never) };
}
