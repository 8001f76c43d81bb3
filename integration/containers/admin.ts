/** Calls of the Admin service, for the tests on containers. */
import { fileURLToPath } from 'node:url';
import {
  type Client,
  credentials,
  loadPackageDefinition,
  Metadata,
  type ServiceClientConstructor,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { operatorProof, PROOF_KEY, secretBytes } from '@understudy/grpc-common';

const protos = fileURLToPath(new URL('../../protos', import.meta.url));
const definition = loadSync('understudy/v1/admin.proto', { includeDirs: [protos], longs: Number, enums: String });
interface AdminPackage {
  readonly understudy: { readonly v1: { readonly Admin: ServiceClientConstructor } };
}
const { Admin: AdminClient } = (loadPackageDefinition(definition) as unknown as AdminPackage).understudy.v1;

interface Challenge {
  readonly nonce: Buffer;
  readonly group: string;
  readonly replica: string;
}

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
  readonly #secret: Buffer;

  constructor(address: string, secret: string) {
    this.#client = new AdminClient(address, credentials.createInsecure());
    this.#secret = secretBytes(secret);
  }

  async status(): Promise<Status> {
    const { nonce, group, replica } = await this.#ask<Challenge>('Challenge', new Metadata());
    const proof = operatorProof(this.#secret, { method: 'Status', group, replica, nonce });
    const metadata = new Metadata();
    metadata.set(PROOF_KEY, Buffer.concat([nonce, proof]));
    return this.#ask<Status>('Status', metadata);
  }

  close(): void {
    this.#client.close();
  }

  #ask<T>(method: 'Challenge' | 'Status', metadata: Metadata): Promise<T> {
    type Done = (error: Error | null, answer: T) => void;
    type Ask = (request: object, metadata: Metadata, options: object, done: Done) => void;
    const ask = (this.#client as unknown as Record<string, Ask>)[method] as Ask;
    return new Promise((resolve, reject) => {
      ask.call(this.#client, {}, metadata, { deadline: Date.now() + 60_000 }, (error, answer) =>
        error === null ? resolve(answer) : reject(error),
      );
    });
  }
}
