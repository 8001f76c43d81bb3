import { AsyncLocalStorage } from 'node:async_hooks';
import type { Client } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { replicated, understudyClient } from '../setup/replicated.js';
import { connectTo, echoDefinition, echoing, serviceConfig } from '../testing/echo.js';
import { ScriptedGroup } from '../testing/scripted-replica.js';

const storage = new AsyncLocalStorage<string>();
let group: ScriptedGroup;
let client: Client;

beforeEach(async () => {
  group = await ScriptedGroup.start(2, echoing);
  client = connectTo(group.target, replicated({ serviceConfig }));
});
afterEach(async () => {
  await understudyClient(client).close();
  group.stop();
});

/** Makes a call for `caller`. @returns for whom its callback and its listeners ran */
function callFor(caller: string): Promise<(string | undefined)[]> {
  const { path, requestSerialize, responseDeserialize } = echoDefinition.echo;
  return new Promise((resolve) => {
    storage.run(caller, () => {
      const seen: (string | undefined)[] = [];
      const call = client.makeUnaryRequest(path, requestSerialize, responseDeserialize, caller, () => {
        seen.push(storage.getStore());
      });
      call.on('status', () => {
        seen.push(storage.getStore());
        resolve(seen);
      });
    });
  });
}

it("a call's callback and listeners run in the async context of their own caller", async () => {
  const heard = await Promise.all(['A', 'B', 'C'].map(callFor));
  expect(heard).toEqual([
    ['A', 'A'],
    ['B', 'B'],
    ['C', 'C'],
  ]);
  expect(await callFor('D')).toEqual(['D', 'D']);
});
