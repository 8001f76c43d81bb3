import type { LinkId } from '@understudy/core';
import type { ClientHost } from '../hosts/client/client-host.js';
import type { Host } from '../hosts/host.js';
import type { ServerHost } from '../hosts/replica/server-host.js';
import type { Simulation } from '../simulation.js';
import type { Rpc } from './rpc.js';
import { type Act, PeerStream, SessionStream } from './streams.js';

/** More hosts than this no run has: a pair of hosts is one small number. */
const HOSTS_MAX = 16;
const RPCS_KEPT = 32;

/** Everything that is on its way between processes, and between whom nothing gets through. */
export class Network {
  readonly #simulation: Simulation;
  readonly #sessionStreams = new Set<SessionStream>();
  rpcs: Rpc[] = [];
  /** Of senders that are gone: what still arrives. */
  #leftOver: PeerStream[] = [];
  readonly #cuts: Set<number> = new Set();
  /** By client and replica: when frames last could pass between them, and since when they can. */
  readonly #inReachMs: number[] = [];
  readonly #sinceMs: number[] = [];
  /** By client and replica: when a frame last arrived there. */
  readonly #heardMs: number[] = [];
  /** Pairs that were out of reach for so long that a promotion may give the client up, and have not spoken since. */
  readonly #strangers = new Set<number>();
  #links = 0;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
  }

  get sessionStreams(): readonly SessionStream[] {
    return [...this.#sessionStreams];
  }

  /** Whatever may happen next here. */
  possible(acts: Act[]): void {
    const { servers, clients } = this.#simulation;
    for (const server of servers) if (server.runs) this.#possibleAt(server, acts);
    for (const server of servers) {
      for (const stream of server.peerStreams) if (stream?.pipe.ready) acts.push(stream.pipe);
    }
    for (const { pipe } of this.#leftOver) if (pipe.ready) acts.push(pipe);
    for (const client of clients) {
      if (!client.runs) continue;
      for (const server of servers) {
        if (client.streams[server.index] === undefined && server.runs && !this.#isCutBetween(client, server)) {
          acts.push({ act: () => this.#connect(client, server) });
        }
      }
    }
    for (const stream of this.#sessionStreams) {
      if (stream.toServer.ready) acts.push(stream.toServer);
      if (stream.toClient.ready) acts.push(stream.toClient);
    }
    if (this.rpcs.length > RPCS_KEPT) this.rpcs = this.rpcs.filter((rpc) => !rpc.over);
    for (const rpc of this.rpcs) if (rpc.ready) acts.push(rpc);
  }

  #possibleAt(server: ServerHost, acts: Act[]): void {
    for (const other of this.#simulation.servers) {
      if (other === server) continue;
      const stream = server.peerStreams[other.index];
      if (stream === undefined) {
        if (this.#canConnectPeer(server, other)) acts.push({ act: () => this.#connectPeer(server, other) });
      } else if (stream.broken) {
        acts.push(stream);
      }
    }
  }

  #canConnectPeer(from: ServerHost, to: ServerHost): boolean {
    return to.runs && from.wantedPeers.includes(to.name) && !this.#isCutBetween(from, to);
  }

  #connectPeer(from: ServerHost, to: ServerHost): void {
    // An adapter that accepts a new stream of a peer reads the old one no more.
    this.#leftOver = this.#leftOver.filter((old) => old.pipe.frames.length > 0 && (old.from !== from || old.to !== to));
    from.peerStreams[to.index] = new PeerStream(from, to);
    from.step({ kind: 'peerUp', peer: to.member });
  }

  #connect(client: ClientHost, server: ServerHost): void {
    const stream = new SessionStream(client, server, ++this.#links as LinkId);
    for (const old of this.#sessionStreams) if (old.over) this.#sessionStreams.delete(old);
    this.#sessionStreams.add(stream);
    client.streams[server.index] = stream;
    server.streams.set(stream.link, stream);
    client.step({ kind: 'linkUp', slot: server.index });
  }

  breakPeerStreams(server: ServerHost): void {
    server.peerStreams.forEach((stream, i) => {
      if (stream === undefined) return;
      stream.break();
      if (!this.#leftOver.includes(stream)) this.#leftOver.push(stream);
      server.peerStreams[i] = undefined;
    });
    for (const other of this.#simulation.servers) other.peerStreams[server.index]?.break();
  }

  // ── cuts ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  cut(from: Host, to: Host): void {
    this.#cuts.add(pair(from, to));
  }

  get hasCuts(): boolean {
    return this.#cuts.size > 0;
  }

  mend(a: Host, b: Host): void {
    this.#cuts.delete(pair(a, b));
    this.#cuts.delete(pair(b, a));
  }

  healCuts(): void {
    this.#cuts.clear();
  }

  /** No cut, and no delay either. */
  healAll(): void {
    this.#cuts.clear();
    for (const { toClient, toServer } of this.#sessionStreams) {
      toClient.heldUntilMs = 0;
      toServer.heldUntilMs = 0;
    }
    for (const server of this.#simulation.servers) {
      for (const stream of server.peerStreams) if (stream !== undefined) stream.pipe.heldUntilMs = 0;
    }
  }

  isCut(from: Host, to: Host): boolean {
    return this.#cuts.size > 0 && this.#cuts.has(pair(from, to));
  }

  #isCutBetween(a: Host, b: Host): boolean {
    return this.isCut(a, b) || this.isCut(b, a);
  }

  // ── who was in reach of whom ──────────────────────────────────────────────────────────────────────────────────────

  noteReach(): void {
    const { clients, servers, nowMs } = this.#simulation;
    for (const client of clients) {
      for (const server of servers) {
        const key = pair(client, server);
        if (this.#isTooLong(nowMs - (this.#inReachMs[key] ?? nowMs))) this.#strangers.add(key);
        if (!this.#passes(client, server)) this.#sinceMs[key] = Number.POSITIVE_INFINITY;
        else if (this.#sinceMs[key] === Number.POSITIVE_INFINITY) this.#sinceMs[key] = nowMs;
        const forMs = nowMs - (this.#sinceMs[key] ?? 0);
        if (this.#lasts(forMs) || this.#inReachMs[key] === undefined) this.#inReachMs[key] = nowMs;
      }
    }
  }

  #passes(client: ClientHost, server: ServerHost): boolean {
    const stream = client.streams[server.index];
    if (stream === undefined || !stream.serverOpen || !client.runs || !server.runs) return false;
    // What was sent and has not arrived is as good as cut off.
    if (this.#isCutBetween(client, server) || stream.toServer.frames.length > 0) return false;
    const { nowMs } = this.#simulation;
    return stream.toServer.heldUntilMs <= nowMs && stream.toClient.heldUntilMs <= nowMs;
  }

  /** In a moment between two faults not even a heartbeat may pass. */
  #lasts(ms: number): boolean {
    return ms >= 0.3 * this.#simulation.plan.config.sessionMs;
  }

  /** sessionMs counts from the last heartbeat that arrived: they come every quarter of it, and are sometimes late. */
  #isTooLong(ms: number): boolean {
    return ms >= 0.6 * this.#simulation.plan.config.sessionMs;
  }

  /** Something of it arrived: a promotion that has not decided yet waits for what it holds. */
  heard(client: ClientHost, server: ServerHost): void {
    const key = pair(client, server);
    this.#strangers.delete(key);
    this.#heardMs[key] = this.#simulation.nowMs;
    this.#inReachMs[key] = this.#simulation.nowMs;
  }

  lastHeardMs(client: ClientHost, server: ServerHost): number {
    return this.#heardMs[pair(client, server)] ?? Number.NEGATIVE_INFINITY;
  }

  /** Nothing could pass between them for so long that a promotion of this replica may give the client up. */
  isOutOfReach(client: ClientHost, server: ServerHost): boolean {
    return this.#strangers.has(pair(client, server));
  }
}

const pair = (from: Host, to: Host): number => from.index * HOSTS_MAX + to.index;
