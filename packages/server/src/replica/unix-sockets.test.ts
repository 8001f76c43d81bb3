import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials, ServerCredentials } from '@grpc/grpc-js';
import { replicated, understudyClient } from '@understudy/client';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { counterService } from '../testing/counter.js';
import { type Node, Stage } from '../testing/stage.js';

let stage: Stage;
let directory: string;
beforeEach(() => {
  stage = new Stage(memoryCoordinator());
  directory = mkdtempSync(join(tmpdir(), 'understudy-unix-'));
});
afterEach(async () => {
  await stage.end();
  rmSync(directory, { recursive: true, force: true });
});

/** Binds a replica's server to a socket, too. @returns the target */
async function bindSocket({ server }: Node, name: string): Promise<string> {
  const target = `unix:${join(directory, name)}`;
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(target, ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve()));
  });
  return target;
}

it.each(['stream', 'rpc'] as const)(
  'a client that knows the replicas by their Unix sockets calls through these, and through the next primary’s (%s)',
  async (carrier) => {
    const nodes = [await stage.bind('r1'), await stage.bind('r2')] as const;
    const targets = [await bindSocket(nodes[0], 'r1.sock'), await bindSocket(nodes[1], 'r2.sock')];
    for (const node of nodes) await node.start();
    const client = new Client(
      `understudy:///${targets}`,
      credentials.createInsecure(),
      replicated({ serviceConfig: stage.serviceConfig, logger: stage.logger, carrier }),
    );
    const { path, requestSerialize, responseDeserialize } = counterService.Add;
    const add = (): Promise<unknown> =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { id: 'x', by: 1 }, (error, value) =>
          error === null ? resolve(value) : reject(error),
        );
      });
    expect(await add()).toBe(1);
    expect(understudyClient(client).status().primary).toBe(join(directory, 'r1.sock'));
    await stage.until(() => nodes[0].status.inSync.length === 2);
    await nodes[0].end();
    expect(await add()).toBe(2);
    expect(understudyClient(client).status().primary).toBe(join(directory, 'r2.sock'));
    await understudyClient(client).close();
  },
);

it('a replica whose own address is a Unix socket is refused, and told what to do', async () => {
  const node = await stage.bind('r1');
  const target = await bindSocket(node, 'r1.sock');
  await expect(node.replica.start({ address: target })).rejects.toThrow(
    /UNDERSTUDY_SETUP: the address "unix:.*" is a Unix socket.*bind the server to a port, too.*clients may use the socket/,
  );
});
