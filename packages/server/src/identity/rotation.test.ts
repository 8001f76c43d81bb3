import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials, experimental } from '@grpc/grpc-js';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { afterEach, describe, expect, it } from 'vitest';
import { Authority, type Certified } from '../testing/authority.js';
import { type Node, Stage } from '../testing/stage.js';

let stage: Stage;
const directories: string[] = [];
afterEach(async () => {
  await stage.end();
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

/** Calls the primary all the time. Each reply waits for the backup, so a broken link of replicas would show. */
class Load {
  readonly #primary: Node;
  #calls = 0;
  #sum = 0;
  #over = false;
  readonly #done: Promise<void>;

  constructor(primary: Node) {
    this.#primary = primary;
    this.#done = this.#run();
  }

  get calls(): number {
    return this.#calls;
  }

  /** Resolves when `count` more calls have succeeded. */
  async more(count: number): Promise<void> {
    const from = this.#calls;
    await stage.until(() => this.#calls >= from + count || this.#over);
    expect(this.#over).toBe(false);
  }

  async end(): Promise<void> {
    this.#over = true;
    await this.#done;
  }

  async #run(): Promise<void> {
    try {
      while (!this.#over) {
        expect(await this.#primary.add(`call ${this.#calls}`, 1)).toEqual({ error: null, value: ++this.#sum });
        this.#calls++;
      }
    } finally {
      this.#over = true;
    }
  }
}

describe('a secret that is renewed while calls come in', () => {
  it('fails no call, and a replica that knows only the old one is not believed any more', async () => {
    stage = new Stage(memoryCoordinator(), { release: 'acknowledged' });
    const [OLD, NEW] = ['the secret of yesterday', 'the secret of tomorrow'];
    const held: Record<string, string[]> = { r1: [OLD], r2: [OLD], r3: [OLD] };
    const ids = ['r1', 'r2', 'r3'];
    const nodes: Node[] = [];
    for (const id of ids) nodes.push(await stage.start(id, { groupSecret: () => held[id] ?? [] }));
    const [primary] = nodes as [Node];
    const linkEnds = () => stage.logged.filter((line) => line.includes('its secret does not hold any more')).length;
    const load = new Load(primary);
    for (const step of [[OLD, NEW], [NEW, OLD], [NEW]]) {
      for (const id of ids) {
        held[id] = step;
        await load.more(20);
      }
    }
    // Each of the three has two links of others, all made with the old secret.
    await stage.until(() => linkEnds() >= 6);
    await load.more(50);
    await load.end();
    expect(primary.status).toMatchObject({ role: 'primary', term: 1 });
    expect(primary.status.inSync).toHaveLength(3);
    const late = await stage.bind('r4', { groupSecret: OLD });
    await expect(late.start()).rejects.toThrow("does not know this group's secret");
  });
});

describe('certificates that are renewed while calls come in', () => {
  it('fail no call: files are read again, and new connections use them', async () => {
    stage = new Stage(memoryCoordinator(), { release: 'acknowledged' });
    const [old, fresh] = [new Authority(), new Authority()];
    const ids = ['r1', 'r2'];
    const files = new Map<string, Record<'key' | 'certificate' | 'authority', string>>();
    const write = (id: string, { key, certificate }: Certified, trusted: readonly Authority[]): void => {
      const place = files.get(id) as Record<'key' | 'certificate' | 'authority', string>;
      writeFileSync(place.key, key);
      writeFileSync(place.certificate, certificate);
      writeFileSync(place.authority, Buffer.concat(trusted.map(({ own }) => own.certificate)));
    };
    const nodes: Node[] = [];
    for (const id of ids) {
      const directory = mkdtempSync(join(tmpdir(), 'understudy-rotation-'));
      directories.push(directory);
      const [key, certificate, authority] = ['key', 'certificate', 'authority'].map((name) => join(directory, name));
      files.set(id, { key: key as string, certificate: certificate as string, authority: authority as string });
      write(id, old.issue(id), [old]);
      const provider = new experimental.FileWatcherCertificateProvider({
        ...{
          certificateFile: certificate as string,
          privateKeyFile: key as string,
          caCertificateFile: authority as string,
        },
        refreshIntervalMs: 50,
      });
      nodes.push(
        await stage.start(id, {
          peerAddress: '127.0.0.1:0',
          peerServerCredentials: experimental.createCertificateProviderServerCredentials(provider, provider, true),
          peerCredentials: () => experimental.createCertificateProviderChannelCredentials(provider, provider),
        }),
      );
    }
    const [primary] = nodes as [Node];
    const load = new Load(primary);
    await load.more(20);
    for (const id of ids) write(id, old.issue(id), [old, fresh]);
    await load.more(20);
    for (const id of ids) write(id, fresh.issue(id), [old, fresh]);
    await load.more(20);
    for (const id of ids) write(id, fresh.issue(id), [fresh]);
    await load.more(20);
    await load.end();
    expect(primary.status.inSync).toHaveLength(2);
    // A replica that comes now has a certificate of the new authority alone, and is served by the others.
    const identity = fresh.issue('r3');
    const third = await stage.bind('r3', {
      ...{ peerAddress: '127.0.0.1:0', peerServerCredentials: fresh.server(identity) },
      peerCredentials: () => credentials.createSsl(fresh.own.certificate, identity.key, identity.certificate),
    });
    await third.start();
    await stage.until(() => primary.status.inSync.length === 3);
  });
});
