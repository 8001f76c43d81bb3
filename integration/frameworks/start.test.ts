import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { freePorts } from '@understudy/coordinator-etcd/testing';
import { afterEach, expect, it } from 'vitest';
import { Readme } from './readme.js';

let page: Readme | undefined;
afterEach(() => {
  page?.end();
  page = undefined;
});

const NAMES = ['bank-1', 'bank-2', 'bank-3'];
const DEPOSITS = 12;

it('the programs of the start page make each deposit once while the primary is killed among them', async () => {
  const ports = await freePorts(3);
  page = new Readme('docs', ports, 'start.md');
  const own = page;
  const children = new Map(NAMES.map((name, i) => [name, own.start('server.js', name, String(ports[i]))]));
  const first = await own.primaryOnce(({ inSync }) => inSync.length === NAMES.length);
  const client = own.start('client.js', String(DEPOSITS));
  const ended = once(client, 'exit');
  const lines: string[] = [];
  if (client.stdout !== null)
    for await (const line of createInterface(client.stdout)) {
      if (lines.push(line) === 3) children.get(first)?.kill('SIGKILL');
    }
  await ended;
  expect(lines).toEqual(Array.from({ length: DEPOSITS }, (_, i) => `alice has ${500 * (i + 1)} cents`));
  expect(await own.primaryOnce(({ primary }) => primary.id !== first)).not.toBe(first);
});
