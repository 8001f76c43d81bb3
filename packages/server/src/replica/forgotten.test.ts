import { setTimeout as wait } from 'node:timers/promises';
import { Client, credentials } from '@grpc/grpc-js';
import { replicated, understudyClient } from '@understudy/client';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { expect, it } from 'vitest';
import { Grave } from '../links/testing/grave.js';
import { counterService } from '../testing/counter.js';

import { type Node, Stage } from '../testing/stage.js';

const SIZE = 3;
const REPLACED = 6;
/** Nobody who dials in vain waits longer for the next attempt: a replica waits for 5 s, and grpc-js adds up to a fifth. */
const RETRIED_WITHIN_MS = 6_500;

it('neither replicas nor a client dial a replica that was gone for forgetMs', async () => {
  const stage = new Stage(memoryCoordinator(), { forgetMs: 1000 });
  const coordinator = stage.coordinator('counters');
  const living: Node[] = [];
  for (let i = 0; i < SIZE; i++) living.push(await stage.start(`pod-${i}`));
  const targets = living.map(({ address }) => address);
  const client = new Client(
    `understudy:///${targets}`,
    credentials.createInsecure(),
    replicated({ serviceConfig: stage.serviceConfig, logger: stage.logger }),
  );
  const { path, requestSerialize, responseDeserialize } = counterService.Add;
  const add = (): Promise<number> =>
    new Promise((resolve, reject) => {
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { id: 'x', by: 1 }, (error, value) =>
        error === null ? resolve(value as number) : reject(error),
      );
    });
  let calls = 0;
  let going = true;
  const calling = (async () => {
    while (going) expect(await add()).toBe(++calls);
  })();

  const graves: Grave[] = [];
  for (let i = 0; i < SIZE + REPLACED; i++) {
    living.push(await stage.start(`pod-${SIZE + i}`));
    const dead = living.shift();
    await dead?.end();
    // A client tries the addresses of its target for as long as it lives: whoever wrote them may bring them back.
    if (dead !== undefined && !targets.includes(dead.address)) graves.push(await Grave.at(dead.address));
  }
  const names = async (): Promise<string[]> => Object.keys((await coordinator.read())?.addresses ?? {});
  while ((await names()).length > SIZE) await wait(20);
  const epoch = (await coordinator.read())?.epoch ?? 0;
  await stage.until(() => living.every(({ status }) => status.epoch >= epoch));
  const heard = calls + 2;
  await stage.until(() => calls >= heard);
  // A connection of grpc-js that is given up while it waits makes one more attempt.
  await wait(RETRIED_WITHIN_MS);
  const before = await Promise.all(graves.map((grave) => grave.seal()));
  expect(Math.min(...before)).toBeGreaterThan(0);
  await wait(RETRIED_WITHIN_MS);
  expect(graves.map(({ dials }) => dials)).toEqual(graves.map(() => 0));

  for (const grave of graves) grave.end();
  going = false;
  await calling;
  await understudyClient(client).close();
  await stage.end();
});
