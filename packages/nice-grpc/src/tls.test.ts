import { ServerInterceptingCall, type ServerInterceptor, status as Status } from '@grpc/grpc-js';
import { understudyClient } from '@understudy/client';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { Metadata } from 'nice-grpc';
import { expect, it } from 'vitest';
import { Authority, type Certified } from '../../server/src/testing/authority.js';
import { createClient, createReplicatedChannel, createReplicatedServer, type ReplicatedServer } from './index.js';
import { Bank, BankDefinition } from './testing/bank.js';

const tokens: ServerInterceptor = (_method, call) =>
  new ServerInterceptingCall(call, {
    start: (next) =>
      next({
        onReceiveMetadata: (metadata, pass) => {
          if (metadata.get('authorization')[0] === 'Bearer alice') pass(metadata);
          else call.sendStatus({ code: Status.UNAUTHENTICATED, details: 'no token' });
        },
      }),
  });

/** How replicas prove themselves to each other, while clients have tokens. */
const WAYS = {
  'a secret': (authority: Authority) => ({
    groupSecret: 'a secret of the group, long enough',
    peerCredentials: authority.client(),
  }),
  'certificates on a listener of their own': (authority: Authority, identity: Certified) =>
    authority.peerOptions(identity),
} as const;
const CASES = (['stream', 'rpc'] as const).flatMap((carrier) =>
  (Object.keys(WAYS) as (keyof typeof WAYS)[]).map((way) => ({ carrier, way })),
);

it.each(CASES)(
  'certificates of servers alone, and tokens of clients, are enough when replicas have $way: $carrier',
  async ({ carrier, way }) => {
    const serviceConfig = { loadBalancingConfig: [{ understudy: { group: 'bank', leaseMs: 300, carrier } }] };
    const authority = new Authority();
    const coordinator = memoryCoordinator();
    const servers: ReplicatedServer[] = [];
    const addresses: string[] = [];
    for (const replicaId of ['bank-1', 'bank-2']) {
      const bank = new Bank();
      const identity = authority.issue(replicaId);
      const server = createReplicatedServer({
        ...{ replicaId, coordinator, serviceConfig, state: bank, logger: 'none' as const, handleSignals: false },
        ...WAYS[way](authority, identity),
        interceptors: [tokens],
      });
      server.add(BankDefinition, bank);
      const port = await server.listen('127.0.0.1:0', authority.server(identity, false));
      servers.push(server);
      addresses.push(`127.0.0.1:${port}`);
    }
    const target = `understudy:///${addresses.join(',')}`;
    const channel = createReplicatedChannel(target, authority.client(), { serviceConfig });
    const bank = createClient(BankDefinition, channel);
    const metadata = Metadata({ authorization: 'Bearer alice' });
    expect(await bank.deposit({ owner: 'alice', cents: 5 }, { metadata })).toEqual({ cents: 5 });
    await expect(bank.deposit({ owner: 'alice', cents: 5 })).rejects.toThrow('no token');
    const [first] = servers as [ReplicatedServer];
    (first.replica as unknown as { crash(): void }).crash();
    expect(await bank.deposit({ owner: 'alice', cents: 5 }, { metadata })).toEqual({ cents: 10 });
    await understudyClient(channel).close();
    for (const server of servers) await server.shutdown();
  },
);
