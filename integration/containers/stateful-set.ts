/** Containers that play the pods of the StatefulSet in docker/kubernetes, as Kubernetes starts and stops them. */
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { etcd } from '@understudy/coordinator-etcd';
import type { Coordinator, GroupRecord } from '@understudy/core';
import type { StatefulSet as StatefulSetManifest } from 'kubernetes-types/apps/v1.js';
import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1.js';
import type { StartedNetwork } from 'testcontainers';
import { Patience } from '../history/patience.js';
import { kustomized } from '../kubernetes/manifests.js';
import type { EtcdCluster } from './etcd-cluster.js';
import { Pod } from './pod.js';

/** The kubelet and `kubectl drain` ask every few seconds. Asking more often leaves replicas less time. */
const ASK_AGAIN_MS = 50;
const PORT = 50_051;

const manifests = kustomized('base');
const manifestOf = <T>(kind: string): T => manifests.find((each) => each.kind === kind) as unknown as T;

let sets = 0;

/** The pods of a set, and the controller that replaces them. */
export class StatefulSet {
  readonly logged: string[] = [];
  /** The fewest replicas that were in sync since the first time all were. */
  leastInSync = Number.POSITIVE_INFINITY;
  /** The fewest pods that were ready at once, as the controller saw it. */
  leastReady = Number.POSITIVE_INFINITY;
  /** Evictions that the budget did not allow. */
  refused = 0;
  readonly #network: StartedNetwork;
  readonly #manifest = manifestOf<StatefulSetManifest>('StatefulSet');
  readonly #budget = manifestOf<PodDisruptionBudget>('PodDisruptionBudget');
  readonly #settings: Readonly<Record<string, string>>;
  readonly #secret = randomBytes(32).toString('base64');
  readonly #pods = new Map<string, Pod>();
  readonly #ready = new Set<string>();
  readonly #coordinator: Coordinator;
  #replicas: number;
  #args: readonly string[];
  #started = 0;
  #record: GroupRecord | undefined;
  readonly #patience = new Patience(
    () => `the record is ${JSON.stringify(this.#record)}; ${this.logged.slice(-5).join('\n')}`,
  );

  /**
   * Creates the set. Resolves when all of its pods are ready.
   *
   * @param args arguments of the program besides those of the manifest
   */
  static async start(network: StartedNetwork, members: EtcdCluster, args: readonly string[]): Promise<StatefulSet> {
    const set = new StatefulSet(network, members, args);
    // podManagementPolicy: Parallel.
    await Promise.all(set.names.map((name) => set.#create(name)));
    await set.until(({ inSync }) => inSync.length === set.#replicas);
    set.leastInSync = set.#replicas;
    set.leastReady = set.#replicas;
    return set;
  }

  private constructor(network: StartedNetwork, members: EtcdCluster, args: readonly string[]) {
    const keyPrefix = `set-${++sets}/`;
    this.#network = network;
    this.#settings = { ETCD_HOSTS: members.hosts };
    this.#args = ['--etcd-prefix', keyPrefix, ...args];
    this.#replicas = this.#manifest.spec?.replicas ?? 0;
    this.#coordinator = etcd({ hosts: members.hostsFromHere, keyPrefix })('bank');
    this.#coordinator.watch(
      (record) => {
        this.#record = record;
        this.leastInSync = Math.min(this.leastInSync, record.inSync.length);
        this.#patience.look();
      },
      (error) => this.logged.push(`the record is not watched: ${error.message}`),
    );
  }

  /** The names of the pods that there should be. */
  get names(): readonly string[] {
    return Array.from({ length: this.#replicas }, (_, i) => `${this.#manifest.metadata?.name}-${i}`);
  }

  /** The headless service, as clients name it. */
  get target(): string {
    return `understudy:///${this.#manifest.spec?.serviceName}:${PORT}`;
  }

  get record(): GroupRecord {
    if (this.#record === undefined) throw new Error('the group has no record yet');
    return this.#record;
  }

  /** Waits until the group's record fulfils a condition. */
  async until(condition: (record: GroupRecord) => boolean): Promise<void> {
    await this.#patience.until(() => this.#record !== undefined && condition(this.#record));
  }

  /** Changes the template: one pod at a time gets it, the last one first, each when the one before is ready. */
  async rollOut(args: readonly string[]): Promise<void> {
    this.#args = [...this.#args, ...args];
    for (const name of [...this.names].reverse()) await this.#replace(name);
  }

  /** Drains the node on which these pods run: all are evicted at once, as far as the budget allows, again and again. */
  async drain(...names: readonly string[]): Promise<void> {
    await Promise.all(
      names.map(async (name) => {
        while (!this.#mayEvict(name)) {
          this.refused++;
          await pause(ASK_AGAIN_MS);
        }
        // Counted from now on, as the eviction API does before the pod is seen to end.
        this.#unready(name);
        await this.#replace(name);
      }),
    );
  }

  /** Adds pods, or ends those with the highest numbers. */
  async scale(replicas: number): Promise<void> {
    const before = this.names;
    this.#replicas = replicas;
    const after = this.names;
    await Promise.all(after.filter((name) => !before.includes(name)).map((name) => this.#create(name)));
    for (const name of before.filter((name) => !after.includes(name)).reverse()) await this.#end(name);
  }

  /** Whether each pod that runs is alive, as the manifest's liveness probe says. */
  async areLive(): Promise<boolean> {
    return (await Promise.all([...this.#pods.values()].map((pod) => pod.isLive()))).every((live) => live);
  }

  async stop(): Promise<void> {
    await this.#coordinator.close().catch(() => {});
    await Promise.all([...this.#pods.values()].map((pod) => pod.remove()));
  }

  /** `unhealthyPodEvictionPolicy: IfHealthyBudget`: a pod that is not ready goes only if enough others are. */
  #mayEvict(name: string): boolean {
    const { maxUnavailable, unhealthyPodEvictionPolicy } = this.#budget.spec ?? {};
    if (unhealthyPodEvictionPolicy !== 'IfHealthyBudget') throw new Error('the budget has a policy that is not played');
    const desired = this.#replicas - Number(maxUnavailable);
    return this.#ready.has(name) ? this.#ready.size > desired : this.#ready.size >= desired;
  }

  async #replace(name: string): Promise<void> {
    await this.#end(name);
    await this.#create(name);
  }

  /** Resolves when the pod is ready. */
  async #create(name: string): Promise<void> {
    const { template, serviceName } = this.#manifest.spec ?? {};
    if (template === undefined || serviceName === undefined) throw new Error('the manifest has no template');
    const pod = await Pod.start({
      network: this.#network,
      ...{ name, template, service: serviceName, address: `pod-${sets}-${++this.#started}` },
      ...{ args: this.#args, settings: this.#settings, secret: this.#secret },
      log: (line) => this.logged.push(`${name} ${line.trimEnd()}`),
    });
    this.#pods.set(name, pod);
    while (!(await pod.isReady())) await pause(ASK_AGAIN_MS);
    this.#ready.add(name);
  }

  async #end(name: string): Promise<void> {
    const pod = this.#pods.get(name);
    if (pod === undefined) throw new Error(`${name} does not run`);
    this.#unready(name);
    await pod.end();
    this.#pods.delete(name);
  }

  #unready(name: string): void {
    this.#ready.delete(name);
    this.leastReady = Math.min(this.leastReady, this.#ready.size);
  }
}
