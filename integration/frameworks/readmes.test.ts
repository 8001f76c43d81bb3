import { credentials } from '@grpc/grpc-js';
import { freePorts } from '@understudy/coordinator-etcd/testing';
import { afterEach, expect, it } from 'vitest';
import { depositOnceServed } from './deposit.js';
import { play } from './play.js';
import { Readme } from './readme.js';

let readme: Readme | undefined;
afterEach(() => {
  readme?.end();
  readme = undefined;
});

it("the programs of nice-grpc's README survive the death of their primary and a SIGTERM", async () => {
  const ports = await freePorts(3);
  readme = new Readme('nice-grpc', ports);
  readme.take('dist/testing/bank.js', 'bank.js');
  readme.take('dist/testing/bank.d.ts', 'bank.d.ts');
  readme.compile('server.ts', 'client.ts');
  const left = await play(readme, 'server.js', 'client.js', ports);
  expect(left.exitCode).toBe(0);
});

const NEST_CLIENT = `
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { ClientGrpc } from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import type { BankClient } from './bank.js';
import { ClientModule } from './client.module.js';

void NestFactory.createApplicationContext(ClientModule, { logger: false }).then(async (app) => {
  const bank = app.get<ClientGrpc>('BANK').getService<BankClient>('Bank');
  const { cents } = await firstValueFrom(bank.deposit({ owner: 'alice', cents: 500 }));
  console.log(\`alice has \${cents} cents\`);
  await app.close();
});
`;

/** The program of the README, which besides says when Nest destroys the provider of its state. */
const NEST_NOTED = `
import { Accounts } from './bank.js';

const destroy = Accounts.prototype.onModuleDestroy;
Accounts.prototype.onModuleDestroy = function () {
  destroy.call(this);
  console.log('destroyed');
};
void import('./main.js');
`;

it("the programs of nestjs's README survive the death of their primary and a SIGTERM, which runs onModuleDestroy", async () => {
  const ports = await freePorts(3);
  readme = new Readme('nestjs', ports);
  readme.take('dist/testing/bank.js', 'bank.js');
  readme.take('dist/testing/bank.d.ts', 'bank.d.ts');
  readme.take('src/testing/bank.proto', 'bank.proto');
  readme.write('client.ts', NEST_CLIENT);
  readme.write('noted.ts', NEST_NOTED);
  readme.compile('main.ts', 'client.ts', 'noted.ts');
  const left = await play(readme, 'noted.js', 'client.js', ports);
  expect(left.printed).toMatch(/^destroyed$/m);
});

const OTEL_BANK = `
const encode = (cents) => Buffer.from(String(cents));
const decode = (bytes) => Number(Buffer.from(bytes).toString());
let balance = 0;
export const accounts = { checkpoint: () => encode(balance), restore: (bytes) => { balance = decode(bytes); } };
export const BankService = { deposit: {
  path: '/bank.v1.Bank/Deposit', requestStream: false, responseStream: false,
  requestSerialize: encode, requestDeserialize: decode, responseSerialize: encode, responseDeserialize: decode,
} };
export const handlers = { deposit: ({ request }, reply) => reply(null, (balance += request)) };
`;

it("the program of otel's README answers", async () => {
  const [port = 0] = await freePorts(1);
  readme = new Readme('otel', [port]);
  readme.write('bank.js', OTEL_BANK);
  readme.write('package.json', '{ "type": "module" }');
  readme.start('server.js');
  await readme.primaryOnce(({ inSync }) => inSync.length === 1);
  expect(await depositOnceServed(port, credentials.createInsecure())).toBe(5);
});
