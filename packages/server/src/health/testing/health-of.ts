import { Client, credentials } from '@grpc/grpc-js';
import { service } from 'grpc-health-check';
import type { Node } from '../../testing/stage.js';

export const check = service.Check as unknown as {
  path: string;
  requestSerialize: (value: object) => Buffer;
  responseDeserialize: (bytes: Buffer) => { status: string };
};

/** What a replica's health service says of a name. */
export function healthOf(node: Pick<Node, 'address'>, name: string): Promise<string> {
  const client = new Client(node.address, credentials.createInsecure());
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      check.path,
      check.requestSerialize,
      check.responseDeserialize,
      { service: name },
      (error, reply) => {
        client.close();
        if (error !== null) reject(error);
        else resolve(reply?.status ?? '');
      },
    );
  });
}

/** Asks until this is the answer: a replica updates its health a few times a second. */
export async function healthIs(node: Node, name: string, status: string): Promise<void> {
  while ((await healthOf(node, name)) !== status);
}
