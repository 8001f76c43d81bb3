import * as grpc from '@grpc/grpc-js';
import { replicated, understudyClient } from '@understudy/client';
import { type MemoryCoordinatorFactory, memoryCoordinator } from '@understudy/coordinator-embedded';
import type { Logger } from '@understudy/core';
import { createReplica, type ReplicaServer } from '@understudy/server';
import { afterAll, beforeAll, expect } from 'vitest';
import { KINDS, type Kind } from './conversation.js';
import type { Place } from './place.js';
import { ScriptClient, ScriptService } from './script.js';
import { Gates, Script } from './service.js';
import type { Tls } from './tls.js';

type DeploymentName = 'bare' | 'stream' | 'rpc';

/** Where methods with streams are served: elsewhere their cases are left out. */
const streams: Readonly<Record<DeploymentName, boolean>> = { bare: true, stream: true, rpc: true };

const REPLICAS = 3;
/** Far above what a test may stall the process for. */
const LEASE_MS = 20_000;

export interface Setup {
  readonly serverOptions?: grpc.ServerOptions;
  /** The service's own, first nearest the wire. */
  readonly interceptors?: readonly grpc.ServerInterceptor[];
  readonly tls?: Tls;
  /** Where the servers listen, known before they do. Default: free ports. */
  readonly places?: readonly Place[];
  readonly leaseMs?: number;
  /** A client for the handlers of one server, whom these ask. */
  readonly other?: () => ScriptClient;
  /** Of the group, if it is one. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

export interface ClientSetup {
  /** The application's own, outermost first. */
  readonly interceptors?: readonly grpc.Interceptor[];
  readonly credentials?: grpc.ChannelCredentials;
  readonly options?: grpc.ClientOptions;
  /** gRPC's own part of a service config. */
  readonly methodConfig?: readonly object[];
}

/** A way to serve and call the scripts. */
export class Deployment {
  readonly name: DeploymentName;

  constructor(name: DeploymentName) {
    this.name = name;
  }

  get replicated(): boolean {
    return this.name !== 'bare';
  }

  get servers(): number {
    return this.replicated ? REPLICAS : 1;
  }

  /** Resolves when all servers serve. */
  async start(setup: Setup = {}): Promise<Running> {
    const running = new Running(this, setup);
    await running.start();
    return running;
  }

  /** What clients may connect to before it is started. */
  prepare(places: readonly Place[]): Running {
    return new Running(this, { places });
  }

  /** For describe.each. */
  toString(): string {
    return this.name;
  }
}

export const bare = new Deployment('bare');
export const deployments: readonly Deployment[] = [bare, new Deployment('stream'), new Deployment('rpc')];
export const streaming: readonly Deployment[] = deployments.filter(({ name }) => streams[name]);

/** The kinds of methods that a deployment serves. */
export const kindsOf = ({ name }: Deployment): readonly Kind[] => (streams[name] ? KINDS : ['unary']);

/** Has a deployment run for the tests of a `describe`. Its replicas, if it has any, have to agree on all of it. */
export function use(deployment: Deployment, setup: () => Setup = () => ({})): () => Running {
  let running: Running | undefined;
  beforeAll(async () => {
    running = await deployment.start(setup());
  });
  afterAll(async () => {
    await running?.agreed();
    const disagreements = running?.disagreements;
    await running?.stop();
    expect(disagreements).toEqual([]);
  });
  return () => {
    if (running === undefined) throw new Error('it runs within tests only');
    return running;
  };
}

/** One server with its handlers; a replica of a group unless the deployment is bare. */
export class Served {
  readonly script: Script;
  readonly server: grpc.Server;
  readonly #replica: ReplicaServer | undefined;
  readonly #setup: Setup;
  address = '';

  constructor(id: string, gates: Gates, setup: Setup, group: Group | undefined) {
    this.#setup = setup;
    this.script = new Script(gates, setup.other?.());
    const { interceptors = [], serverOptions = {}, tls } = setup;
    this.#replica =
      group === undefined
        ? undefined
        : createReplica({
            replicaId: id,
            coordinator: group.coordinator,
            serviceConfig: group.serviceConfig,
            state: this.script,
            handleSignals: false,
            logger: group.logger,
            ...(tls !== undefined && { peerCredentials: tls.clientCredentials }),
          });
    this.server = new grpc.Server({
      ...serverOptions,
      interceptors: this.#replica?.interceptors(interceptors) ?? [...interceptors],
    });
    this.#replica?.attach(this.server);
    this.server.addService(ScriptService, this.script.handlers);
  }

  /** How far the replica is, and what its replies so far come to. */
  get progress(): string {
    return this.#replica === undefined ? '' : `${this.#replica.status.processedUpTo} ${this.#replica.status.digest}`;
  }

  get serves(): boolean {
    return this.#replica === undefined || this.#replica.status.role === 'primary';
  }

  async bind(place: string): Promise<void> {
    const credentials = this.#setup.tls?.serverCredentials ?? grpc.ServerCredentials.createInsecure();
    const port = await new Promise<number>((resolve, reject) => {
      this.server.bindAsync(place, credentials, (error, bound) => (error === null ? resolve(bound) : reject(error)));
    });
    this.address = `127.0.0.1:${port}`;
  }

  /** Resolves when it serves or is in sync. */
  async join(): Promise<void> {
    await this.#replica?.start({ address: this.address });
  }

  /** Lets open calls end. */
  async shutDown(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.server.tryShutdown((error) => (error === undefined ? resolve() : reject(error)));
    });
  }

  /** Hands over, if there is anybody to hand over to. */
  async leave(): Promise<void> {
    await this.#replica?.stop();
  }
}

interface Group {
  readonly logger: Logger;
  readonly coordinator: MemoryCoordinatorFactory;
  readonly serviceConfig: object;
}

/** A deployment that runs, with the clients that were connected to it. */
export class Running {
  readonly gates = new Gates();
  readonly servers: Served[] = [];
  /** What replicas said who found that they had done something else than the others. */
  readonly disagreements: string[] = [];
  readonly deployment: Deployment;
  readonly #setup: Setup;
  readonly #group: Group;
  readonly #closers: (() => unknown)[] = [];
  #client: ScriptClient | undefined;

  constructor(deployment: Deployment, setup: Setup) {
    this.deployment = deployment;
    this.#setup = setup;
    const logger: Logger = {
      log: (_level, event, fields) => {
        if (event === 'UNDERSTUDY_DIVERGED') this.disagreements.push(JSON.stringify(fields));
      },
    };
    const understudy = { group: 'scripts', leaseMs: setup.leaseMs ?? LEASE_MS, ...setup.settings };
    const serviceConfig = { loadBalancingConfig: [{ understudy }] };
    this.#group = { coordinator: memoryCoordinator(), serviceConfig, logger };
  }

  async start(): Promise<void> {
    const { replicated, servers } = this.deployment;
    for (let i = 0; i < servers; i++) {
      const served = new Served(`r${i + 1}`, this.gates, this.#setup, replicated ? this.#group : undefined);
      await served.bind((await this.#setup.places?.[i]?.release()) ?? '127.0.0.1:0');
      this.servers.push(served);
    }
    for (const served of this.servers) await served.join();
  }

  /** The server that calls are answered by. */
  get serving(): Served {
    const serving = this.servers.find(({ serves }) => serves);
    if (serving === undefined) throw new Error('nobody serves');
    return serving;
  }

  /** A client for whom nothing is out of the ordinary. */
  get client(): ScriptClient {
    this.#client ??= this.connect();
    return this.#client;
  }

  connect({ interceptors = [], credentials, options = {}, methodConfig }: ClientSetup = {}): ScriptClient {
    const by = credentials ?? this.#setup.tls?.clientCredentials ?? grpc.credentials.createInsecure();
    const { name } = this.deployment;
    const serviceConfig = { ...this.#group.serviceConfig, ...(methodConfig && { methodConfig }) };
    if (name === 'bare') {
      const ofService = methodConfig && { 'grpc.service_config': JSON.stringify({ methodConfig }) };
      const client = new ScriptClient(this.target, by, { ...options, ...ofService, interceptors: [...interceptors] });
      this.#closers.push(() => client.close());
      return client;
    }
    const replication = replicated({ serviceConfig, interceptors, carrier: name });
    const client = new ScriptClient(this.target, by, { ...options, ...replication });
    this.#closers.push(() => understudyClient(client).close());
    return client;
  }

  get target(): string {
    const places = this.#setup.places?.map(({ address }) => address);
    const addresses = places ?? this.servers.map(({ address }) => address);
    return this.deployment.replicated ? `understudy:///${addresses.join()}` : addresses.join();
  }

  /** Resolves when all replicas have processed all that was ordered, and come to the same. */
  agreed(): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (new Set(this.servers.map(({ progress }) => progress)).size > 1 && this.disagreements.length === 0) return;
        clearInterval(timer);
        resolve();
      };
      const timer = setInterval(look, 5);
      look();
    });
  }

  async stop(): Promise<void> {
    this.gates.openAll();
    await Promise.all(this.#closers.splice(0).map((close) => close()));
    await Promise.all(this.servers.map((served) => served.leave()));
    for (const { server } of this.servers) server.forceShutdown();
  }
}
