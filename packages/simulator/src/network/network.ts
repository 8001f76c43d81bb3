import type { Leadership } from '@understudy/core';
import type { LinkId } from '@understudy/core/internal';
import { Cuts } from '@understudy/core/testing';
import type { Act } from '../act.js';
import type { Choices } from '../draw/choices.js';
import type { Plan } from '../plan/plan.js';
import type { Named } from '../trace/narrator.js';
import { type PeerEnd, PeerLink } from './peer-link.js';
import { pair, Reach } from './reach.js';
import type { Rpc } from './rpc.js';
import { type ClientEnd, type ServerEnd, SessionLink } from './session-link.js';

/** How many RPCs are kept, finished ones included, before the finished ones are dropped. */
const RPCS_KEPT = 32;

/** A replica as the network sees it. */
export interface NetworkServer extends ServerEnd, PeerEnd {
  /** The peers to which its core wants links. */
  readonly wantedPeers: readonly string[];
  /** The settings and the code that it would bring along as primary. */
  readonly brings: Leadership;
}

/** The processes that the network connects. */
export interface NetworkWorld {
  readonly nowMs: number;
  readonly plan: Pick<Plan, 'config'>;
  readonly choices: Choices;
  readonly servers: readonly NetworkServer[];
  readonly clients: readonly ClientEnd[];
  readonly network: Network;
}

/** All messages on their way between processes, and the cuts between processes. */
export class Network {
  readonly reach: Reach<ClientEnd, NetworkServer>;
  rpcs: Rpc[] = [];
  readonly #world: NetworkWorld;
  readonly #sessionLinks = new Set<SessionLink>();
  /** Links of senders that are gone, whose frames still arrive. */
  #leftOver: PeerLink[] = [];
  readonly #cuts = new Cuts();
  /** By the pair of processes: the acts that connect them. */
  readonly #connects = new Map<number, Act>();
  #links = 0;

  constructor(world: NetworkWorld) {
    this.#world = world;
    this.reach = new Reach(world, (client, server) => this.#isCutBetween(client, server));
  }

  get sessionLinks(): readonly SessionLink[] {
    return [...this.#sessionLinks];
  }

  /** Adds the acts of the network that may happen next. */
  possible(acts: Act[]): void {
    const { servers, clients } = this.#world;
    for (const server of servers) if (server.runs) this.#possibleAt(server, acts);
    for (const server of servers) {
      for (const link of server.peerLinks) if (link?.toPeer.ready) acts.push(link.toPeer);
    }
    for (const { toPeer } of this.#leftOver) if (toPeer.ready) acts.push(toPeer);
    for (const client of clients) {
      if (!client.runs) continue;
      for (const server of servers) {
        if (client.links[server.index] === undefined && server.runs && !this.#isCutBetween(client, server))
          acts.push(this.#connecting(client, server, this.#connect));
      }
    }
    for (const { toServer, toClient } of this.#sessionLinks) {
      if (toServer.ready) acts.push(toServer);
      if (toClient.ready) acts.push(toClient);
    }
    if (this.rpcs.length > RPCS_KEPT) this.rpcs = this.rpcs.filter((rpc) => !rpc.over);
    for (const rpc of this.rpcs) if (rpc.ready) acts.push(rpc);
  }

  #possibleAt(server: NetworkServer, acts: Act[]): void {
    for (const other of this.#world.servers) {
      if (other === server) continue;
      const link = server.peerLinks[other.index];
      if (link === undefined) {
        if (this.#canConnectPeer(server, other)) acts.push(this.#connecting(server, other, this.#connectPeer));
      } else if (link.broken) {
        acts.push(link);
      }
    }
  }

  #canConnectPeer(from: NetworkServer, to: NetworkServer): boolean {
    return to.runs && from.wantedPeers.includes(to.name) && !this.#isCutBetween(from, to);
  }

  /** Makes one act for each two processes and keeps it, because all acts are asked for at every step. */
  #connecting<End extends Named & { readonly index: number }>(
    from: End,
    to: NetworkServer,
    connect: (from: End, to: NetworkServer) => void,
  ): Act {
    const key = pair(from, to);
    let act = this.#connects.get(key);
    if (act === undefined) {
      act = { act: () => connect.call(this, from, to) };
      this.#connects.set(key, act);
    }
    return act;
  }

  #connectPeer(from: NetworkServer, to: NetworkServer): void {
    // An adapter that accepts a new link of a peer no longer reads the old one.
    this.#leftOver = this.#leftOver.filter((old) => old.toPeer.length > 0 && (old.from !== from || old.to !== to));
    from.peerLinks[to.index] = new PeerLink(this.#world, from, to);
    from.step({ kind: 'peerUp', peer: to.member, brings: to.brings });
  }

  #connect(client: ClientEnd, server: NetworkServer): void {
    const link = new SessionLink(this.#world, client, server, ++this.#links as LinkId);
    for (const old of this.#sessionLinks) if (old.over) this.#sessionLinks.delete(old);
    this.#sessionLinks.add(link);
    client.links[server.index] = link;
    server.sessionLinks.set(link.id, link);
    client.step({ kind: 'linkUp', slot: server.index });
  }

  /** All links between this replica and its peers break. */
  breakPeerLinks(server: PeerEnd): void {
    server.peerLinks.forEach((link, i) => {
      if (link === undefined) return;
      link.break();
      if (!this.#leftOver.includes(link)) this.#leftOver.push(link);
      server.peerLinks[i] = undefined;
    });
    for (const other of this.#world.servers) other.peerLinks[server.index]?.break();
  }

  heard(client: ClientEnd, server: ServerEnd): void {
    this.reach.heard(client, server);
  }

  // ── cuts ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  cut(from: Named, to: Named): void {
    this.#cuts.cut(from.name, to.name);
  }

  get hasCuts(): boolean {
    return this.#cuts.any;
  }

  mend(a: Named, b: Named): void {
    this.#cuts.mend(a.name, b.name);
  }

  healCuts(): void {
    this.#cuts.mendAll();
  }

  /** Heals all cuts and ends all delays. */
  healAll(): void {
    this.healCuts();
    for (const { toClient, toServer } of this.#sessionLinks) {
      toClient.heldUntilMs = 0;
      toServer.heldUntilMs = 0;
    }
    for (const server of this.#world.servers) {
      for (const link of server.peerLinks) if (link !== undefined) link.toPeer.heldUntilMs = 0;
    }
  }

  isCut(from: Named, to: Named): boolean {
    return this.#cuts.isCut(from.name, to.name);
  }

  #isCutBetween(a: Named, b: Named): boolean {
    return this.#cuts.isCutBetween(a.name, b.name);
  }
}
