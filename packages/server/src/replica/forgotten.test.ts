import { setTimeout as wait } from 'node:timers/promises';
import { Client, credentials } from '@grpc/grpc-js';
import { replicated, understudyClient } from '@understudy/client';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { expect, it } from 'vitest';
import { Grave } from '../links/testing/grave.js';
import { type Node, Stage } from '../testing/stage.js';
import { CountingCaller } from './testing/counting-caller.js';

const SIZE = 3;
const REPLACED = 6;
/** Nobody who dials in vain waits longer for the next attempt: a replica waits for 5 s, and grpc-js adds up to a fifth. */
const RETRIED_WITHIN_MS = 6_500;
/** Replicas dial each other here and clients do not, so it is known who dials. */
const APART = { peerAddress: '127.0.0.1:0' };

it.each(['stream', 'rpc'] as const)(
  'neither replicas nor a client dial a replica that was gone for forgetMs: carrier %s',
  async (carrier) => {
    const stage = new Stage(memoryCoordinator(), { forgetMs: 1000 });
    const coordinator = stage.coordinator('counters');
    const living: Node[] = [];
    for (let i = 0; i < SIZE; i++) living.push(await stage.start(`pod-${i}`, APART));
    const targets = living.map(({ address }) => address);
    const client = new Client(
      `understudy:///${targets}`,
      credentials.createInsecure(),
      replicated({ serviceConfig: stage.serviceConfig, carrier, logger: stage.logger }),
    );
    const caller = new CountingCaller(client);

    const graves = { ofClients: [] as Grave[], ofReplicas: [] as Grave[] };
    for (let i = 0; i < SIZE + REPLACED; i++) {
      living.push(await stage.start(`pod-${SIZE + i}`, APART));
      const dead = living.shift() as Node;
      const forReplicas = (await coordinator.read())?.peerAddresses?.[dead.status.replica.id] ?? '';
      await dead.end();
      graves.ofReplicas.push(await Grave.at(forReplicas));
      // A client tries the addresses of its target for as long as it lives: whoever wrote them may bring them back.
      if (!targets.includes(dead.address)) graves.ofClients.push(await Grave.at(dead.address));
    }
    const names = async (): Promise<string[]> => Object.keys((await coordinator.read())?.addresses ?? {});
    while ((await names()).length > SIZE) await wait(20);
    const epoch = (await coordinator.read())?.epoch ?? 0;
    await stage.until(() => living.every(({ status }) => status.epoch >= epoch));
    await caller.answeredMore(2);
    // A connection of grpc-js that is given up while it waits makes one more attempt.
    await wait(RETRIED_WITHIN_MS);
    const before = await Promise.all(graves.ofReplicas.map((grave) => grave.seal()));
    await Promise.all(graves.ofClients.map((grave) => grave.seal()));
    // Until then they were dialled, so a dial would have been seen. A client may know at once that a member has left.
    expect(Math.max(...before)).toBeGreaterThan(0);
    const all = Object.values(graves).flat();
    await wait(RETRIED_WITHIN_MS);
    expect(all.map(({ dials }) => dials)).toEqual(all.map(() => 0));

    for (const grave of all) grave.end();
    await caller.end();
    await understudyClient(client).close();
    await stage.end();
  },
);
