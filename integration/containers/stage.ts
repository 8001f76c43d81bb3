/** The common stage of the tests on containers: a network, an etcd, a bank and loads. */
import { Network, type StartedNetwork } from 'testcontainers';
import { afterAll, beforeAll, expect } from 'vitest';
import type { Mode } from '../../packages/examples/dist/bank/service-config.js';
import type { Kind } from '../../packages/workshop/dist/load/connect.js';
import { judge, type Verdict } from '../history/judge.js';
import { BankCluster } from './bank-cluster.js';
import { EtcdCluster } from './etcd-cluster.js';
import { LoadContainer } from './load-container.js';
import { Wires } from './wires.js';

const SEED = 20_136;
/** Far more operations than a load sends. */
const IDS_EACH = 1_000_000;
/** Calls a second of all loads together: often enough to show a gap of a few milliseconds. */
const RATE = 600;
export const MODE: Mode = {
  replication: 'semi-active',
  multicast: 'direct',
  release: 'concurrent',
  carrier: 'stream',
  leaseMs: 300,
};

/** For groups whose primary stays: ten times as long, so that no busy machine makes a replica take it for dead. */
export const STEADY_MODE: Mode = { ...MODE, leaseMs: 3_000 };

/** A bank in containers that a stage can play with. */
export interface Played {
  /** The addresses by which loads call it. */
  readonly target: string;
  /** The lines that its replicas logged. */
  readonly logged: readonly string[];
  stop(): Promise<void>;
}

/** A formed bank under load, for one test. */
export interface Scene<Bank extends Played = BankCluster> {
  readonly bank: Bank;
  readonly etcd: EtcdCluster;
  readonly load: LoadContainer;
  readonly wires: Wires;
}

/** One network and one etcd for the tests of a file; each test has a bank of its own. */
export class ContainerStage {
  readonly #members: number;
  #network: StartedNetwork | undefined;
  #etcd: EtcdCluster | undefined;

  /** Registers the hooks that set the stage. Call this in a `describe`. */
  constructor(members = 1) {
    this.#members = members;
    beforeAll(async () => {
      this.#network = await new Network().start();
      this.#etcd = await EtcdCluster.start(this.#network, members);
    });
    afterAll(async () => {
      await this.#etcd?.stop();
      await this.#network?.stop();
    });
  }

  get members(): number {
    return this.#members;
  }

  /**
   * Runs a test on a bank under load. Afterwards it judges the history that all callers together saw.
   *
   * @param how `clients` has the kind of each load; `act` sees the first load
   * @returns the verdict on the history
   */
  play(
    { mode = MODE, clients = ['interceptor'] }: { mode?: Mode; clients?: readonly Kind[] },
    act: (scene: Scene) => Promise<void>,
  ): Promise<Verdict> {
    const form = (network: StartedNetwork, etcd: EtcdCluster) => BankCluster.start(network, etcd, mode);
    return this.playWith(form, { mode, clients }, act);
  }

  /** As `play`, on a bank of another kind. @param form starts it, and resolves when its replicas are in sync */
  async playWith<Bank extends Played>(
    form: (network: StartedNetwork, etcd: EtcdCluster) => Promise<Bank>,
    { mode, clients }: { readonly mode: Mode; readonly clients: readonly Kind[] },
    act: (scene: Scene<Bank>) => Promise<void>,
  ): Promise<Verdict> {
    const network = this.#network;
    const etcd = this.#etcd;
    if (network === undefined || etcd === undefined) throw new Error('the stage is not set');
    const bank = await form(network, etcd);
    const loads: LoadContainer[] = [];
    let over = false;
    let failure: unknown;
    try {
      const starting = clients.map((client, i) => {
        const own = { rate: RATE / clients.length, seed: SEED + i, idsAfter: i * IDS_EACH };
        return LoadContainer.start(network, { target: bank.target, mode, client, callers: 8, ...own });
      });
      for (const started of await Promise.allSettled(starting)) {
        if (started.status === 'fulfilled') loads.push(started.value);
        else failure ??= started.reason;
      }
      if (failure !== undefined) throw failure;
      const [load] = loads;
      if (load === undefined) throw new Error('nobody calls');
      await Promise.all(
        loads.map(async ({ recording }) => {
          await recording.until(() => recording.begun);
          await recording.answeredMore(200);
        }),
      );
      await act({ bank, etcd, load, wires: new Wires(network.getName()) });
      await Promise.all(loads.map(({ recording }) => recording.answeredMore(200)));
      // The load that ends last collects books with the calls of all loads.
      let books = await load.finish();
      for (const other of loads.slice(1)) books = await other.finish();
      const calls = loads.flatMap(({ recording }) => recording.calls);
      const verdict = judge(calls, books);
      expect(verdict.violations).toEqual([]);
      over = true;
      return verdict;
    } finally {
      if (!over) console.log(`the last that the replicas said:\n${bank.logged.slice(-30).join('\n')}`);
      await Promise.all(loads.map((load) => load.stop()));
      await bank.stop();
    }
  }
}

/**
 * Returns the longest time without an answer that began or ended after `sinceMs`, in milliseconds: from the last answer
 * of one primary to the first of the next. First waits until calls made after the fault have been answered for a while.
 */
export async function longestSilence({ recording }: LoadContainer, sinceMs: number): Promise<number> {
  await recording.answeredMore(100);
  const times = recording.calls.filter(({ end }) => end.kind === 'answered').map(({ endedAtMs }) => endedAtMs);
  let longest = 0;
  let before: number | undefined;
  for (const atMs of times.sort((a, b) => a - b)) {
    if (before !== undefined && atMs > sinceMs) longest = Math.max(longest, atMs - before);
    before = atMs;
  }
  return longest;
}

export const modeText = ({ replication, multicast, release, carrier }: Mode): string =>
  `${replication}, ${multicast}, ${release}, ${carrier}`;
