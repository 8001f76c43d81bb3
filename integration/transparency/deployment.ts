/** The deployments of the transparency tests: bare and replicated servers for the same script service. */
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
/** A lease far longer than a test may stall the process. */
const LEASE_MS = 20_000;

export interface Setup {
  readonly serverOptions?: grpc.ServerOptions;
  /** Interceptors of the service, the first one nearest the wire. */
  readonly interceptors?: readonly grpc.ServerInterceptor[];
  readonly tls?: Tls;
  /** Where the servers listen, known before they do. Default: free ports. */
  readonly places?: readonly Place[];
  readonly leaseMs?: number;
  /** Makes the client of another service that the handlers of one server call. */
  readonly other?: () => ScriptClient;
  /** Options of the group, if the service is replicated. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

export interface ClientSetup {
  /** Interceptors of the application, the outermost first. */
  readonly interceptors?: readonly grpc.Interceptor[];
  readonly credentials?: grpc.ChannelCredentials;
  readonly options?: grpc.ClientOptions;
  /** The part of the service config that gRPC itself defines. */
  readonly methodConfig?: readonly object[];
}

/** A way to serve and call the script service. */
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

  /** The target, to which clients may connect before the servers start. */
  prepare(places: readonly Place[]): Running {
    return new Running(this, { places });
  }

  /** The name in `describe.each`. */
  toString(): string {
    return this.name;
  }
}

export const bare = new Deployment('bare');
export const deployments: readonly Deployment[] = [bare, new Deployment('stream'), new Deployment('rpc')];
export const streaming: readonly Deployment[] = deployments.filter(({ name }) => streams[name]);

/** Returns the kinds of methods that a deployment serves. */
export const kindsOf = ({ name }: Deployment): readonly Kind[] => (streams[name] ? KINDS : ['unary']);

/**
 * Runs a deployment for the tests of a `describe`. At the end its replicas, if it has any, must agree on everything.
 */
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

  /** The last order that the replica has processed, and the digest of its replies so far. */
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

  /** Resolves when the server serves or, as a backup, is in sync. */
  async join(): Promise<void> {
    await this.#replica?.start({ address: this.address });
  }

  /** Shuts down after the open calls have ended. */
  async shutDown(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.server.tryShutdown((error) => (error === undefined ? resolve() : reject(error)));
    });
  }

  /** Hands over to a backup, if there is one. */
  async leave(): Promise<void> {
    await this.#replica?.stop();
  }
}

/** The second one says that a message did not come alike to all replicas. */
const DISAGREEMENTS = ['UNDERSTUDY_DIVERGED', 'a client sent replicas different messages under one number'];

interface Group {
  readonly logger: Logger;
  readonly coordinator: MemoryCoordinatorFactory;
  readonly serviceConfig: object;
}

/** A running deployment and its clients. */
export class Running {
  readonly gates = new Gates();
  readonly servers: Served[] = [];
  /** The log entries of replicas that found a difference from the others. */
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
        if (DISAGREEMENTS.includes(event)) this.disagreements.push(JSON.stringify({ event, ...fields }));
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

  /** The server that answers calls. */
  get serving(): Served {
    const serving = this.servers.find(({ serves }) => serves);
    if (serving === undefined) throw new Error('nobody serves');
    return serving;
  }

  /** A client with default options. */
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

  /** Resolves when all replicas have processed all orders with the same results. */
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
