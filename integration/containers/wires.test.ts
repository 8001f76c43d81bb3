import { GenericContainer, Network, type StartedNetwork, type StartedTestContainer } from 'testcontainers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Wires } from './wires.js';

/** A program that answers each connection with a line, or connects and prints the result. */
const SERVER = `require('net').createServer((socket) => socket.on('error', () => {}).end('hello\\n')).listen(9)`;
const CLIENT = `
  const socket = require('net').connect(9, process.argv[1]);
  const tell = (text) => { console.log(text); process.exit(); };
  socket.on('error', (error) => tell(error.code));
  socket.on('data', () => tell('answered'));
  setTimeout(() => tell('silence'), 1500);`;

describe('the network of the container tests', () => {
  let network: StartedNetwork;
  let a: StartedTestContainer;
  let b: StartedTestContainer;
  let wires: Wires;

  const start = (alias: string) =>
    new GenericContainer('understudy-node')
      .withNetwork(network)
      .withNetworkAliases(alias)
      .withCommand(['node', '-e', SERVER])
      .start();
  const call = async (from: StartedTestContainer, to: string) =>
    (await from.exec(['node', '-e', CLIENT, to])).output.trim();

  beforeAll(async () => {
    network = await new Network().start();
    [a, b] = await Promise.all([start('a'), start('b')]);
    wires = new Wires(network.getName());
  });
  afterAll(async () => {
    await Promise.all([a, b].map((container) => container.stop({ timeout: 0 })));
    await network.stop();
  });

  it('lets containers reach each other by name', async () => {
    expect([await call(a, 'b'), await call(b, 'a')]).toEqual(['answered', 'answered']);
  });

  it('silently loses packets from one container to another while cut, and carries them again when healed', async () => {
    await wires.silence(a.getId(), b.getId());
    expect([await call(a, 'b'), await call(b, 'a')]).toEqual(['silence', 'silence']);
    await wires.restore(a.getId(), b.getId());
    expect([await call(a, 'b'), await call(b, 'a')]).toEqual(['answered', 'answered']);
  });
});
