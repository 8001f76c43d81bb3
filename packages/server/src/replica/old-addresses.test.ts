import { Client, credentials } from '@grpc/grpc-js';
import { replicated, understudyClient } from '@understudy/client';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { expect, it } from 'vitest';
import { type Node, Stage } from '../testing/stage.js';
import { addOne } from './testing/counting-caller.js';

/** A client that waits for a part of this before it looks for a member has given its call up long before. */
const SESSION_MS = 600_000;

it.each(['stream', 'rpc'] as const)(
  'a new client that was given the addresses of three backups reaches the primary, which joined later, at once: %s',
  async (carrier) => {
    const stage = new Stage(memoryCoordinator(), { sessionMs: SESSION_MS });
    const first = await stage.start('r1');
    const fourth = await stage.start('r4');
    const { address } = first;
    await first.end();
    await stage.until(() => fourth.status.role === 'primary');
    const old: Node[] = [await stage.start('r1', {}, address), await stage.start('r2'), await stage.start('r3')];
    const client = new Client(
      `understudy:///${old.map((node) => node.address).join(',')}`,
      credentials.createInsecure(),
      replicated({ serviceConfig: stage.serviceConfig, carrier, logger: stage.logger }),
    );
    expect(await addOne(client)).toBe(1);
    expect(await addOne(client)).toBe(2);
    expect(fourth.status.role).toBe('primary');
    await understudyClient(client).close();
    await stage.end();
  },
);
