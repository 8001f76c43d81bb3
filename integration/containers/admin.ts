/** Calls of the Admin service, for the tests on containers. */
import { fileURLToPath } from 'node:url';
import { type Client, credentials, loadPackageDefinition, type ServiceClientConstructor } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const protos = fileURLToPath(new URL('../../protos', import.meta.url));
const definition = loadSync('understudy/v1/admin.proto', { includeDirs: [protos], longs: Number, enums: String });
interface AdminPackage {
  readonly understudy: { readonly v1: { readonly Admin: ServiceClientConstructor } };
}
const { Admin: AdminClient } = (loadPackageDefinition(definition) as unknown as AdminPackage).understudy.v1;

/** The fields of `StatusResponse` that these tests read. */
export interface Status {
  readonly role: string;
  readonly term: number;
  readonly primary?: string;
  readonly inSync: readonly { readonly id: string }[];
  readonly blocked?: string;
  readonly recordChange?: string;
}

/** A client of one replica's Admin service. */
export class Admin {
  readonly #client: Client;

  constructor(address: string) {
    this.#client = new AdminClient(address, credentials.createInsecure());
  }

  status(): Promise<Status> {
    type Ask = (request: object, options: object, done: (error: Error | null, status: Status) => void) => void;
    const { Status: ask } = this.#client as unknown as { Status: Ask };
    return new Promise((resolve, reject) => {
      ask.call(this.#client, {}, { deadline: Date.now() + 60_000 }, (error, status) =>
        error === null ? resolve(status) : reject(error),
      );
    });
  }

  close(): void {
    this.#client.close();
  }
}
