import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { credentials } from '@grpc/grpc-js';
import { freePorts } from '@understudy/coordinator-etcd/testing';
import { afterEach, expect, it } from 'vitest';
import { Tls } from '../transparency/tls.js';
import { deposit, depositOnceServed } from './deposit.js';
import { Readme } from './readme.js';

/** The module that a reader of the security page brings: the page's programs import it. */
const BANK = `
import { ServerInterceptingCall, status } from '@grpc/grpc-js';
import { embeddedCoordinator } from '@understudy/coordinator-embedded';

const encode = (cents) => Buffer.from(String(cents));
const decode = (bytes) => Number(Buffer.from(bytes).toString());
let balance = 0;
export const state = { checkpoint: () => encode(balance), restore: (bytes) => { balance = decode(bytes); } };
export const BankService = { deposit: {
  path: '/bank.v1.Bank/Deposit', requestStream: false, responseStream: false,
  requestSerialize: encode, requestDeserialize: decode, responseSerialize: encode, responseDeserialize: decode,
} };
export const handlers = { deposit: ({ request }, reply) => reply(null, (balance += request)) };
export const coordinator = embeddedCoordinator('bank-group');
export const serviceConfig = { loadBalancingConfig: [{ understudy: { group: 'bank' } }] };
export const authenticate = (_method, call) =>
  new ServerInterceptingCall(call, { start: (next) => next({ onReceiveMetadata(metadata, pass) {
    if (metadata.get('authorization')[0] === 'Bearer alice') pass(metadata);
    else call.sendStatus({ code: status.UNAUTHENTICATED, details: 'no token' });
  } }) });
`;

let page: Readme | undefined;
afterEach(() => {
  page?.end();
  page = undefined;
});

it.each([
  ['loopback.js', false],
  ['shared-secret.js', true],
  ['mutual-tls.js', true],
] as const)(
  "the security page's %s serves clients, and refuses those without what it asks for",
  async (file, secure) => {
    const ports = await freePorts(3);
    const [port = 0] = ports;
    page = new Readme('docs', ports, 'security.md');
    const text = readFileSync(join(page.directory, file), 'utf8');
    page.write(file, text.replaceAll('10.0.0.1', '127.0.0.1').replace('/run/secrets/bank', 'secret'));
    page.write('bank.js', BANK);
    page.write('package.json', '{ "type": "module" }');
    page.write('secret', 'a secret of thirty-two characters or so\n');
    const { key, certificate } = new Tls();
    page.write('ca.pem', String(certificate));
    page.write('key.pem', String(key));
    page.write('cert.pem', String(certificate));
    page.start(file);
    await page.primaryOnce(({ inSync }) => inSync.length === 1);
    const channel = secure ? credentials.createSsl(certificate) : credentials.createInsecure();
    expect(await depositOnceServed(port, channel, 'Bearer alice')).toBe(5);
    expect(await deposit(port, channel)).toBe(secure ? 'UNAUTHENTICATED no token' : 10);
  },
);
