import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChannelCredentials, Client, experimental } from '@grpc/grpc-js';
import { replicated, understudyClient } from '@understudy/client';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { afterEach, expect, it } from 'vitest';
import { Authority } from '../testing/authority.js';
import { counterService } from '../testing/counter.js';
import { type Node, SHORT_LEASE_MS, Stage } from '../testing/stage.js';

let stage: Stage;
const clients: Client[] = [];
const directories: string[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => understudyClient(client).close()));
  await stage.end();
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

const REFRESH_MS = 50;

/** Changes a file as a whole, so that nobody reads half of it. */
function replace(file: string, bytes: Buffer): void {
  writeFileSync(`${file}.new`, bytes);
  renameSync(`${file}.new`, file);
}

/** Whoever has a certificate in files that are read again when they change. */
class Party {
  readonly #name: string;
  readonly #files: Readonly<Record<'key' | 'certificate' | 'authority', string>>;
  readonly #provider: experimental.FileWatcherCertificateProvider;

  constructor(name: string, authority: Authority) {
    this.#name = name;
    const directory = mkdtempSync(join(tmpdir(), 'understudy-rotation-'));
    directories.push(directory);
    const at = (file: string): string => join(directory, file);
    this.#files = { key: at('key'), certificate: at('certificate'), authority: at('authority') };
    this.renew(authority);
    this.trust([authority]);
    this.#provider = new experimental.FileWatcherCertificateProvider({
      certificateFile: this.#files.certificate,
      privateKeyFile: this.#files.key,
      caCertificateFile: this.#files.authority,
      refreshIntervalMs: REFRESH_MS,
    });
  }

  renew(authority: Authority): void {
    const { key, certificate } = authority.issue(this.#name);
    replace(this.#files.key, key);
    replace(this.#files.certificate, certificate);
  }

  trust(authorities: readonly Authority[]): void {
    replace(this.#files.authority, Buffer.concat(authorities.map(({ own }) => own.certificate)));
  }

  server() {
    return experimental.createCertificateProviderServerCredentials(this.#provider, this.#provider, true);
  }

  readonly channel = (): ChannelCredentials =>
    experimental.createCertificateProviderChannelCredentials(this.#provider, this.#provider);
}

/** Clients that call all the time. Each call has an id of its own, and each reply counts the calls so far. */
class Load {
  readonly values: number[] = [];
  failure: unknown;
  #over = false;
  readonly #workers: Promise<void>[];

  constructor(callers: readonly Client[]) {
    this.#workers = callers.map((client, i) => this.#run(client, `client ${i}`));
  }

  /** Resolves when `count` more calls have succeeded. */
  async more(count: number): Promise<void> {
    const from = this.values.length;
    await stage.until(() => this.values.length >= from + count || this.failure !== undefined);
    expect(this.failure).toBeUndefined();
  }

  async end(): Promise<void> {
    this.#over = true;
    await Promise.all(this.#workers);
    expect(this.failure).toBeUndefined();
  }

  async #run(client: Client, name: string): Promise<void> {
    for (let i = 0; !this.#over; i++) {
      try {
        this.values.push(await add(client, `${name} call ${i}`));
      } catch (error) {
        this.failure ??= error;
        return;
      }
    }
  }
}

function add(client: Client, id: string): Promise<number> {
  const { path, requestSerialize, responseDeserialize } = counterService.Add;
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { id, by: 1 }, (error, value) =>
      error === null ? resolve(value as number) : reject(error),
    );
  });
}

const [OLD, NEW] = ['the secret of yesterday', 'the secret of tomorrow'];

it.each([
  { carrier: 'stream', multicast: 'direct' },
  { carrier: 'stream', multicast: 'destination' },
  { carrier: 'rpc', multicast: 'direct' },
  { carrier: 'rpc', multicast: 'destination' },
] as const)(
  'secret and certificates are renewed amid calls and a failover, carrier $carrier, multicast $multicast: nothing fails, and nothing that clients carry is taken for forged',
  async ({ carrier, multicast }) => {
    stage = new Stage(memoryCoordinator(), { multicast, leaseMs: SHORT_LEASE_MS });
    const [old, fresh] = [new Authority(), new Authority()];
    const ids = ['r1', 'r2', 'r3'];
    const held: Record<string, string[]> = { r1: [OLD], r2: [OLD], r3: [OLD] };
    const parties = new Map([...ids, 'alice', 'bob'].map((name) => [name, new Party(name, old)] as const));
    const party = (name: string) => parties.get(name) as Party;
    const start = (id: string, address?: string): Promise<Node> =>
      stage.start(
        id,
        {
          groupSecret: () => held[id] ?? [],
          peerAddress: '127.0.0.1:0',
          peerServerCredentials: party(id).server(),
          peerCredentials: party(id).channel,
        },
        address,
        party(id).server(),
      );
    const nodes: Node[] = [];
    for (const id of ids) nodes.push(await start(id));
    const [first, second, third] = nodes as [Node, Node, Node];
    await stage.until(() => first.status.inSync.length === 3);
    const said: string[] = [];
    const logger = {
      log: (_level: string, event: string, fields: object) => void said.push(`${event} ${JSON.stringify(fields)}`),
    };
    const connect = (name: string): Client => {
      const target = `understudy:///${nodes.map(({ address }) => address).join()}`;
      const options = replicated({ serviceConfig: stage.serviceConfig, carrier, logger });
      const client = new Client(target, party(name).channel(), options);
      clients.push(client);
      return client;
    };
    const callers = [connect('alice'), connect('bob')];
    const load = new Load([...callers, ...callers, ...callers]);
    await load.more(50);

    const everyone = [...parties.values()];
    for (const each of everyone) each.trust([old, fresh]);
    for (const id of ids) held[id] = [OLD, NEW];
    await load.more(50);
    for (const each of everyone) each.renew(fresh);
    for (const id of ids) held[id] = [NEW, OLD];
    await load.more(50);
    for (const each of everyone) each.trust([fresh]);
    for (const id of ids) held[id] = [NEW];
    await load.more(50);
    first.crash();
    first.server.forceShutdown();
    await load.more(50);
    // The links of replicas that were proved with the old secret are made anew, and calls go on beside that.
    await stage.until(() => stage.logged.some((line) => line.includes('its secret does not hold any more')));
    // A replica that comes back has its links from everybody anew: with new certificates alone.
    const again = await start('r1', first.address);
    await stage.until(() =>
      [second, third].some(({ status }) => status.role === 'primary' && status.inSync.length === 3),
    );
    await stage.until(() => again.status.sessions === callers.length);
    await load.more(50);
    await load.end();

    const total = load.values.length;
    expect([...load.values].sort((a, b) => a - b)).toEqual(Array.from({ length: total }, (_, i) => i + 1));
    const nodesNow = [second, third, again];
    await stage.until(() => nodesNow.every(({ counter }) => counter.value === total));
    for (const { counter } of nodesNow) expect(new Set(counter.ids).size).toBe(total);
    for (const { status } of [first, ...nodesNow]) expect(status.forgedOrders).toBe(0);
    const refused = [...said, ...stage.logged].filter((line) => /not sealed for it|no replica sealed/.test(line));
    expect(refused).toEqual([]);
  },
  240_000,
);
