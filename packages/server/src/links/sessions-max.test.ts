import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import { replicated, understudyClient } from '@understudy/client';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { afterEach, expect, it } from 'vitest';
import { counterService } from '../testing/counter.js';
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

it.each(['stream', 'rpc'] as const)(
  'a client for which no replica has a place is refused at once by the name of the bound, and served when there is one (%s)',
  async (carrier) => {
    stage = new Stage(memoryCoordinator(), { sessionsMax: 4 });
    const nodes = await stage.startGroup(2);
    await stage.until(() => nodes[0]?.status.inSync.length === 2);
    let served = 0;
    let last = connect(nodes, carrier);
    let answer = await add(last);
    while (typeof answer === 'number') {
      served++;
      // Those of one address may have three quarters of all places.
      expect(served).toBeLessThan(4);
      await stage.until(() => nodes.every(({ status }) => status.sessions === served));
      last = connect(nodes, carrier);
      answer = await add(last);
    }
    expect(served).toBeGreaterThan(0);
    // What is not refused waits for a primary, and fails after ten seconds as UNREACHABLE.
    expect(answer.code).toBe(8);
    expect(answer.details).toMatch(/UNDERSTUDY_OVERLOADED.*sessionsMax is 4/);
    expect(nodes[0]?.counter.value).toBe(served);
    const [first] = clients.splice(0, 1) as [Client];
    await understudyClient(first).close();
    // The client has gone on asking for a place.
    await stage.until(() => understudyClient(last).status().primary !== undefined);
    expect(await add(last)).toBe(served + 1);
  },
);
