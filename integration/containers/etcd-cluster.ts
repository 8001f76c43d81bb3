/** An etcd in containers. */
import { setTimeout as pause } from 'node:timers/promises';
import { Etcd3 } from 'etcd3';
import { GenericContainer, type StartedNetwork, type StartedTestContainer, Wait } from 'testcontainers';
import { docker } from '../engine/docker.js';

const CLIENT_PORT = 2379;

/** The leader of an etcd cluster, as that member itself reports it. */
export interface Leadership {
  readonly leader: string;
  /** etcd's own term, which each election raises. */
  readonly term: number;
  /** When the leader said so, by this machine's monotonic clock, milliseconds. */
  readonly atMs: number;
}

/** An etcd whose members are containers, with etcd's own settings. */
export class EtcdCluster {
  /** The names of the members on the network. */
  readonly names: readonly string[];
  readonly #members: readonly StartedTestContainer[];

  static async start(network: StartedNetwork, count: number): Promise<EtcdCluster> {
    const names = Array.from({ length: count }, (_, i) => `etcd-${i + 1}`);
    const cluster = names.map((name) => `${name}=http://${name}:2380`).join();
    const members = names.map((name) =>
      new GenericContainer('understudy-etcd')
        .withNetwork(network)
        .withNetworkAliases(name)
        .withExposedPorts(CLIENT_PORT)
        .withCommand([
          ...['etcd', '--name', name, '--data-dir', '/tmp/etcd', '--initial-cluster', cluster],
          ...['--listen-client-urls', `http://0.0.0.0:${CLIENT_PORT}`],
          ...['--advertise-client-urls', `http://${name}:${CLIENT_PORT}`],
          ...['--listen-peer-urls', 'http://0.0.0.0:2380', '--initial-advertise-peer-urls', `http://${name}:2380`],
        ])
        .withWaitStrategy(Wait.forLogMessage(/ready to serve client requests/))
        .start(),
    );
    return new EtcdCluster(names, await Promise.all(members));
  }

  private constructor(names: readonly string[], members: readonly StartedTestContainer[]) {
    this.names = names;
    this.#members = members;
  }

  /** The members' addresses, as replicas take them. */
  get hosts(): string {
    return this.names.map((name) => `${name}:${CLIENT_PORT}`).join();
  }

  /** The addresses at which this process reaches the running members. */
  get hostsFromHere(): readonly string[] {
    return this.#members.map((member) => `${member.getHost()}:${member.getMappedPort(CLIENT_PORT)}`);
  }

  idOf(name: string): string {
    const id = this.#members[this.names.indexOf(name)]?.getId();
    if (id === undefined) throw new Error(`etcd has no member ${name}`);
    return id;
  }

  async pause(...names: readonly string[]): Promise<void> {
    await docker('pause', ...names.map((name) => this.idOf(name)));
  }

  async resume(...names: readonly string[]): Promise<void> {
    await docker('unpause', ...names.map((name) => this.idOf(name)));
  }

  async kill(...names: readonly string[]): Promise<void> {
    await docker('kill', ...names.map((name) => this.idOf(name)));
  }

  /**
   * Resolves once one of `running` leads, at once if one does.
   *
   * @param running the names of members that answer
   */
  async led(running: readonly string[] = this.names): Promise<Leadership> {
    const hosts = this.hostsFromHere;
    const clients = running.map((name) => new Etcd3({ hosts: hosts[this.names.indexOf(name)] ?? '' }));
    try {
      for (;;) {
        for (const [i, client] of clients.entries()) {
          // Docker's proxy may close a connection that it took for a container on a busy machine.
          const status = await client.maintenance.status().catch(() => undefined);
          if (status === undefined || status.header.member_id !== status.leader) continue;
          return {
            leader: running[i] ?? '',
            term: Number(status.header.raft_term),
            atMs: Number(process.hrtime.bigint()) / 1e6,
          };
        }
        await pause(20);
      }
    } finally {
      for (const client of clients) client.close();
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.stop({ timeout: 0 })));
  }
}
