import type { GroupConfig } from '../../config/config.js';
import { assert } from '../../model/assert.js';
import type { ReplicaEvent } from '../../replica/state/events.js';
import type { SessionEvent } from '../../session/events.js';
import { describeEffect } from '../describe.js';
import { textOf } from '../text.js';
import { carryOut } from '../world/adapter.js';
import { beatThreads } from '../world/thread-beats.js';
import { Client } from './client.js';
import { type ClientWorld, clientAdapter } from './client-adapter.js';
import { type LinkedWorld, Links } from './links.js';
import { COORDINATOR, type KeptWorld, RecordKeeper } from './record-keeper.js';
import { type RequestedWorld, Requests } from './requests.js';
import { Server } from './server.js';
import { type ServerWorld, serverAdapter } from './server-adapter.js';

/** More rounds than this mean that the processes talk forever. */
const ROUNDS_MAX = 10_000;
/** Time passes in steps of this length. */
const STEP_MS = 10;

/** A whole group with its clients and coordinator, on a network and a clock that do only what a scenario says. */
export class World implements ServerWorld, ClientWorld, LinkedWorld, KeptWorld, RequestedWorld {
  readonly config: GroupConfig;
  readonly names: readonly string[];
  nowMs = 1000;
  /** Whether handlers end at once; otherwise they end when the scenario says so. */
  autoFinish = true;
  /** Whether replicas start with liveness threads. */
  threads = false;
  readonly servers = new Map<string, Server>();
  readonly clients = new Map<string, Client>();
  readonly links = new Links(this);
  readonly keeper = new RecordKeeper(this);
  readonly requests = new Requests(this);
  readonly print: (line: string) => void;
  readonly #admits: boolean;

  constructor(config: GroupConfig, names: readonly string[], admits: boolean, print: (line: string) => void) {
    this.config = config;
    this.names = names;
    this.#admits = admits;
    this.print = print;
  }

  // ── processes ───────────────────────────────────────────────────────────────────────────────────────────────────

  startServer(name: string): void {
    const server = this.servers.get(name) ?? new Server(name);
    this.servers.set(name, server);
    this.#newLife(server);
    for (const client of this.clients.values()) this.links.connectClient(client, name);
  }

  #newLife(server: Server): void {
    server.newLife(this.config, this.#admits, this.threads);
    // If the record was lost, the first record that it hears of is the one that was put back.
    if (this.keeper.record === undefined && this.#isRecordKnown()) return;
    this.tell(server, { kind: 'start', record: this.keeper.record });
  }

  /** Whether a process runs that knows a record. */
  #isRecordKnown(): boolean {
    return [...this.servers.values()].some(({ runs, core }) => runs && (core?.status.epoch ?? 0) > 0);
  }

  /** @param reads the one method that the client's own settings take for read-only; by default they are the group's */
  startClient(name: string, reads?: string): void {
    const misled = {
      service: 'log.Log',
      method: reads ?? '',
      readOnly: true,
      oneWay: false,
      waitsForOthers: false,
      release: undefined,
    };
    const config = reads === undefined ? this.config : { ...this.config, methods: [misled] };
    const client = new Client(name, this.clients.size + 1, this.names.length, config);
    this.clients.set(name, client);
    for (const server of this.names) this.links.connectClient(client, server);
  }

  /** The process is gone, with everything on its way to and from it. */
  crash(name: string): void {
    this.#processOf(name).end();
    this.links.breakAll(name);
  }

  /** The process takes no step until it is resumed. Then it goes on with what arrived, and learns of the rest later. */
  pause(name: string, paused: boolean): void {
    this.#processOf(name).paused = paused;
  }

  /** The main thread is blocked: it takes no step, and its liveness thread goes on. */
  block(name: string, blocked: boolean): void {
    const server = this.server(name);
    server.blockedSinceMs = blocked ? this.nowMs : undefined;
    server.paused = blocked;
  }

  /** A life ended, and the next begins in the same process. */
  rejoin(server: Server): void {
    server.end();
    this.links.breakAll(server.name);
    this.#newLife(server);
    this.links.reconnect();
  }

  #processOf(name: string): Server | Client {
    return this.servers.get(name) ?? this.client(name);
  }

  server(name: string): Server {
    const server = this.servers.get(name);
    assert(server?.runs === true, () => `${name} does not run`);
    return server;
  }

  client(name: string): Client {
    const client = this.clients.get(name);
    assert(client?.runs === true, () => `${name} does not run`);
    return client;
  }

  // ── what happens to a process ───────────────────────────────────────────────────────────────────────────────────

  tell(server: Server, event: ReplicaEvent): void {
    server.post(event);
    this.#turn(server);
  }

  #turn(server: Server): void {
    const adapter = serverAdapter(this, server);
    server.turn(this.nowMs, (effect) => {
      const line = describeEffect(effect, this.requests.texts);
      if (line !== undefined) this.print(`${server.name}  ${line}`);
      carryOut(adapter, effect);
    });
  }

  ask(client: Client, event: SessionEvent): void {
    client.post(event);
    this.#turnClient(client);
  }

  #turnClient(client: Client): void {
    const adapter = clientAdapter(this, client);
    client.turn(this.nowMs, (effect) => carryOut(adapter, effect));
  }

  // ── what the outside decides ────────────────────────────────────────────────────────────────────────────────────

  /** A handler that runs on a replica ends: the one that was called with `text`, or the one that began first. */
  finish(name: string, text?: string): void {
    const server = this.server(name);
    const task = server.tasks.find(({ request }) => text === undefined || textOf(request.message) === text);
    assert(task !== undefined, () => `nothing such runs on ${name}`);
    server.tasks = server.tasks.filter((other) => other !== task);
    for (const event of server.execute(task)) this.tell(server, event);
  }

  /** The handlers of all streams on a replica end by themselves: each replica's does in its own time. */
  endStreams(name: string): void {
    const server = this.server(name);
    for (const output of server.service.endStreams(server.diverges)) this.tell(server, { kind: 'lateItem', output });
  }

  /** A replica's interceptors let pass what they held. */
  admit(name: string): void {
    const server = this.server(name);
    for (const admission of server.heldAdmissions.splice(0)) this.tell(server, { kind: 'admitted', admission });
  }

  /** The network between the two works again. */
  heal(a: string, b: string): void {
    this.links.cuts.mend(a, b);
    this.links.threadCuts.mend(a, b);
    if (b === COORDINATOR) this.keeper.speakTo(this.server(a));
    this.links.reconnect();
  }

  // ── time and motion ─────────────────────────────────────────────────────────────────────────────────────────────

  /** Delivers what is on its way, and what that leads to, until nothing moves; time stands still. */
  settle(): void {
    for (let round = 0; round < ROUNDS_MAX; round++) {
      let moved = this.keeper.move();
      if (this.links.deliverAll()) moved = true;
      if (this.#catchUp()) moved = true;
      if (!moved) return;
    }
    throw new Error('the scenario does not settle');
  }

  /** Whoever was paused learns of what happened meanwhile, after the frames that had arrived. */
  #catchUp(): boolean {
    const servers = [...this.servers.values()].filter((server) => server.catchUp());
    const clients = [...this.clients.values()].filter((client) => client.catchUp());
    for (const server of servers) this.#turn(server);
    for (const client of clients) this.#turnClient(client);
    return servers.length + clients.length > 0;
  }

  /** A main thread that turns takes in what its liveness thread heard, before anything else. */
  #tick(server: Server): void {
    const heard = server.deaf ? undefined : server.thread?.take();
    if (heard !== undefined) server.postFirst(heard);
    this.tell(server, { kind: 'tick' });
  }

  /** Time passes in small steps; after each, everything settles and broken links are made again. */
  pass(ms: number): void {
    const until = this.nowMs + ms;
    while (this.nowMs < until) {
      this.nowMs = Math.min(until, this.nowMs + STEP_MS);
      beatThreads(this);
      for (const server of this.servers.values()) if (!server.paused) this.#tick(server);
      for (const client of this.clients.values()) if (!client.paused) this.ask(client, { kind: 'tick' });
      this.settle();
      this.links.reconnect();
    }
  }
}
