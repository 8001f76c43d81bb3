import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import { replicated, understudyClient } from '@understudy/client';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { afterEach, expect, it } from 'vitest';
import { counterService } from '../testing/counter.js';
import { RawSession, secretOf } from '../testing/links/raw-session.js';
import { type Node, Stage } from '../testing/stage.js';

let stage: Stage;
const clients: Client[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => understudyClient(client).close()));
  await stage.end();
});

function connect(nodes: readonly Node[], carrier: 'stream' | 'rpc'): Client {
  const target = `understudy:///${nodes.map(({ address }) => address).join()}`;
  const options = replicated({ serviceConfig: stage.serviceConfig, carrier, logger: stage.logger });
  const client = new Client(target, credentials.createInsecure(), options);
  clients.push(client);
  return client;
}

function add(client: Client): Promise<number | ServiceError> {
  const { path, requestSerialize, responseDeserialize } = counterService.Add;
  return new Promise((resolve) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { id: 'x', by: 1 }, (error, value) =>
      resolve(error ?? (value as number)),
    );
  });
}

/** Takes places of sessions on all nodes until one has none left. These sessions stay, though nobody calls. */
async function fill(nodes: readonly Node[]): Promise<readonly RawSession[]> {
  const links: RawSession[] = [];
  for (let session = 1; ; session++) {
    for (const node of nodes) {
      const link = new RawSession(node, secretOf(session), undefined, true);
      if ((await link.hello()).kind === 'refused') return links;
      links.push(link);
    }
  }
}

it.each(['stream', 'rpc'] as const)(
  'a client for which no replica has a place is refused at once by the name of the bound, and served when there is one (%s)',
  async (carrier) => {
    stage = new Stage(memoryCoordinator(), { sessionsMax: 4 });
    const nodes = await stage.startGroup(2);
    await stage.until(() => nodes[0]?.status.inSync.length === 2);
    const links = await fill(nodes);
    expect(links.length).toBeGreaterThanOrEqual(nodes.length);
    const client = connect(nodes, carrier);
    const refused = (await add(client)) as ServiceError;
    // What is not refused waits for a primary, and fails after ten seconds as UNREACHABLE.
    expect(refused.code).toBe(8);
    expect(refused.details).toMatch(/UNDERSTUDY_OVERLOADED.*sessionsMax is 4/);
    for (const link of links) link.send({ kind: 'goodbye' });
    // The client has gone on asking for a place.
    await stage.until(() => understudyClient(client).status().primary !== undefined);
    expect(await add(client)).toBe(1);
  },
);
