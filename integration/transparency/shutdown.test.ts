import { status as Status } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { Conversation, hear, type Kind, statusOf, textsOf } from './conversation.js';
import { bare, type Deployment, deployments, kindsOf, type Running, type Setup } from './deployment.js';
import { gate, reply } from './script.js';

/** The lease of a group whose primary dies: how long that holds up the others. */
const SHORT_LEASE_MS = 500;

const started: Running[] = [];
afterEach(() => Promise.all(started.splice(0).map((running) => running.stop())));

async function start(deployment: Deployment, setup: Setup = {}): Promise<Running> {
  const running = await deployment.start(setup);
  started.push(running);
  return running;
}

/** Makes a call, and waits until its handler is at work. */
async function beginCall(running: Running, kind: Kind, name: string): Promise<Conversation> {
  const conversation = new Conversation(running.client, kind, [{ name, steps: [gate(name), reply('x')] }]);
  await running.gates.entered(name);
  return conversation;
}

describe.each(deployments)('a server that goes in the middle of a call, %s', (deployment) => {
  const next = (running: Running, kind: Kind) => hear(running.client, kind, [{ steps: [reply('next')] }]);

  describe.each(kindsOf(deployment))('%s', (kind) => {
    it('lets the call end when it shuts down, and the next server, if there is one, takes the next call', async () => {
      const running = await start(deployment);
      const call = await beginCall(running, kind, 'open');
      const { serving } = running;
      const shutDown = serving.shutDown();
      running.gates.open('open');
      expect(textsOf(await call.ended)).toEqual(['x']);
      await shutDown;
      const heard = await next(running, kind);
      if (!deployment.replicated) {
        expect(statusOf(heard).code).toBe(Status.UNAVAILABLE);
        return;
      }
      expect(textsOf(heard)).toEqual(['next']);
      expect(running.serving).not.toBe(serving);
      expect(running.serving.script.performed).toEqual(['open']);
    });

    it('breaks the call when its shutdown is forced, unless another server takes over', async () => {
      const running = await start(deployment, { leaseMs: SHORT_LEASE_MS });
      const call = await beginCall(running, kind, 'broken');
      running.serving.server.forceShutdown();
      running.gates.open('broken');
      const heard = await call.ended;
      if (!deployment.replicated) {
        expect([Status.CANCELLED, Status.UNAVAILABLE]).toContain(statusOf(heard).code);
        expect(textsOf(heard)).toEqual([]);
        return;
      }
      expect(textsOf(heard)).toEqual(['x']);
      expect(textsOf(await next(running, kind))).toEqual(['next']);
      const performed = running.servers.map(({ script }) => script.performed);
      expect(performed).toContainEqual(['broken']);
    });
  });
});

describe.each(deployments)('a client that is closed, %s', (deployment) => {
  it.each(kindsOf(deployment))('lets open calls end and takes no new ones, %s', async (kind) => {
    const [running, reference] = await Promise.all([start(deployment), start(bare)]);
    const refusals: unknown[] = [];
    for (const each of [running, reference]) {
      const call = await beginCall(each, kind, 'open');
      each.client.close();
      try {
        new Conversation(each.client, kind, [{}]);
      } catch (error) {
        refusals.push(error);
      }
      each.gates.open('open');
      expect(textsOf(await call.ended)).toEqual(['x']);
    }
    expect(refusals).toHaveLength(2);
    expect(refusals[0]).toEqual(refusals[1]);
  });
});
