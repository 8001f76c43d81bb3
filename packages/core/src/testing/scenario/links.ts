import { assert } from '../../model/assert.js';
import type { PeerFrame, ReplyFrame, SessionFrame } from '../../model/frames.js';
import type { LinkId, ReplicaId } from '../../model/ids.js';
import type { ReplicaEvent } from '../../replica/state/events.js';
import type { SessionEvent } from '../../session/events.js';
import { describeFrame } from '../describe.js';
import { Cuts } from '../world/cuts.js';
import { END, VirtualLink } from '../world/link.js';
import type { Client } from './client.js';
import type { Server } from './server.js';

const COPY_FRAMES: ReadonlySet<string> = new Set(['checkpoint', 'piece', 'pieceAck', 'busy', 'busyHeard']);

/** Any frame that travels on a link. */
export type Frame = PeerFrame | SessionFrame | ReplyFrame;

/** What a client has proved to be, as an event has it. */
export const identityOf = (client: Client | undefined): { readonly identity?: string } =>
  client?.identity === undefined ? {} : { identity: client.identity };

/** One direction of a link, which delivers when the scenario says so. */
class ScriptedLink extends VirtualLink<Frame> {
  readonly from: string;
  readonly to: string;
  /** The name under which the replica knows a client's link; both directions have it. */
  readonly id: LinkId | undefined;
  /** Whether frames stay under way until they are released. */
  held = false;
  /** Whether the next chunk of a state arrives damaged. */
  damages = false;
  /** The acknowledgment or term that it last carried; a frame that repeats it is not shown. */
  said: string | undefined;

  constructor(from: string, to: string, id: LinkId | undefined) {
    super();
    this.from = from;
    this.to = to;
    this.id = id;
  }
}

function damaged(link: ScriptedLink, frame: Frame): Frame {
  if (frame.kind !== 'piece' || frame.piece.kind !== 'state') return frame;
  link.damages = false;
  return { ...frame, piece: { kind: 'state', bytes: frame.piece.bytes.map((byte) => byte ^ 1) } };
}

/** The processes that links connect, and the hooks by which they learn of changes. */
export interface LinkedWorld {
  readonly names: readonly string[];
  readonly servers: ReadonlyMap<string, Server>;
  readonly clients: ReadonlyMap<string, Client>;
  tell(server: Server, event: ReplicaEvent): void;
  ask(client: Client, event: SessionEvent): void;
  print(line: string): void;
}

/** The links between all processes: made again whenever possible, broken when one of their ends is gone. */
export class Links {
  readonly cuts = new Cuts();
  /** Where the links of liveness threads are cut. */
  readonly threadCuts = new Cuts();
  readonly #world: LinkedWorld;
  readonly #links = new Map<string, ScriptedLink>();
  #nextId = 1;

  constructor(world: LinkedWorld) {
    this.#world = world;
  }

  #get(from: string, to: string): ScriptedLink | undefined {
    return this.#links.get(`${from}>${to}`);
  }

  /** All links that begin or end at a process. */
  #at(name: string): readonly ScriptedLink[] {
    return [...this.#links.values()].filter(({ from, to }) => from === name || to === name);
  }

  #byId(from: string, id: LinkId): ScriptedLink | undefined {
    return [...this.#links.values()].find((link) => link.from === from && link.id === id);
  }

  // ── making links ────────────────────────────────────────────────────────────────────────────────────────────────

  reconnect(): void {
    const { servers, clients, names } = this.#world;
    for (const server of servers.values()) this.connectPeers(server);
    for (const client of clients.values()) for (const name of names) this.connectClient(client, name);
  }

  #mayConnect(from: string, to: string): boolean {
    const other = this.#world.servers.get(to);
    return other?.runs === true && !this.cuts.isCut(from, to) && this.#get(from, to) === undefined;
  }

  /** A client's link runs both ways. */
  connectClient(client: Client, name: string): void {
    if (!client.runs || client.ended || !this.#mayConnect(client.name, name)) return;
    const id = this.#nextId++ as LinkId;
    this.#open(client.name, name, id);
    this.#open(name, client.name, id);
    this.#world.ask(client, { kind: 'linkUp', slot: this.#world.names.indexOf(name) });
  }

  connectPeers(server: Server): void {
    for (const name of server.wanted) {
      const peer = this.#world.servers.get(name);
      if (peer === undefined || !server.runs || !this.#mayConnect(server.name, name)) continue;
      this.#open(server.name, name, undefined);
      this.#world.tell(server, { kind: 'peerUp', peer: peer.member, brings: peer.brings });
    }
  }

  #open(from: string, to: string, id: LinkId | undefined): void {
    this.#links.set(`${from}>${to}`, new ScriptedLink(from, to, id));
  }

  // ── breaking and holding links ──────────────────────────────────────────────────────────────────────────────────

  /** Breaks all links of a process; everything under way to or from it is lost. */
  breakAll(name: string): void {
    for (const link of this.#at(name)) this.#break(link);
  }

  #break(link: ScriptedLink): void {
    const { from, to, id } = link;
    if (this.#get(from, to) !== link) return;
    this.#links.delete(`${from}>${to}`);
    const back = id === undefined ? undefined : this.#get(to, from);
    if (back !== undefined) this.#break(back);
    const { clients, servers, names } = this.#world;
    const client = clients.get(from);
    const server = servers.get(from);
    if (client !== undefined) this.#world.ask(client, { kind: 'linkDown', slot: names.indexOf(to) });
    else if (server === undefined) return;
    else if (id !== undefined) this.#world.tell(server, { kind: 'sessionDown', link: id });
    else this.#world.tell(server, { kind: 'peerDown', peer: to as ReplicaId });
  }

  /**
   * Breaks the link on which one sends to the other, with everything under way on it. The link is made again at once.
   */
  breakOne(from: string, to: string): void {
    const link = this.#get(from, to);
    if (link !== undefined) this.#break(link);
  }

  /** Breaks every link between the two and lets none be made. */
  cut(a: string, b: string): void {
    this.cuts.cut(a, b);
    this.cuts.cut(b, a);
    this.cutThreads(a, b);
    for (const link of [this.#get(a, b), this.#get(b, a)]) if (link !== undefined) this.#break(link);
  }

  /** Cuts the link between the liveness threads of the two. */
  cutThreads(a: string, b: string): void {
    this.threadCuts.cut(a, b);
    this.threadCuts.cut(b, a);
  }

  /** Cuts the main links between the two, while their liveness threads reach each other. */
  cutMain(a: string, b: string): void {
    this.cut(a, b);
    this.threadCuts.mend(a, b);
  }

  hold(from: string, to: string, held: boolean): void {
    const link = this.#get(from, to);
    assert(link !== undefined || !held, () => `no link ${from}>${to}`);
    if (link !== undefined) link.held = held;
  }

  /** The sender ends a link: it breaks once everything on its way has arrived. */
  end(from: string, to: string): void {
    this.#get(from, to)?.end();
  }

  /** A replica ends the link of a session. */
  endSession(server: Server, id: LinkId): void {
    this.#byId(server.name, id)?.end();
  }

  endAllFrom(name: string): void {
    for (const link of this.#at(name)) if (link.from === name) link.end();
  }

  // ── frames ──────────────────────────────────────────────────────────────────────────────────────────────────────

  send(from: string, to: string, frame: Frame): void {
    const line = describeFrame(frame);
    const link = this.#get(from, to);
    const isHeartbeat = frame.kind === 'ack' || frame.kind === 'newTerm';
    if (line !== undefined && !(isHeartbeat && line === link?.said))
      this.#world.print(`${from}>${to}  ${line}${link === undefined ? ' (lost)' : ''}`);
    if (link === undefined) return;
    if (isHeartbeat) link.said = line;
    link.send(link.damages ? damaged(link, frame) : frame);
  }

  sendToSession(server: Server, id: LinkId, frame: ReplyFrame): void {
    const link = this.#byId(server.name, id);
    if (link !== undefined) this.send(server.name, link.to, frame);
  }

  /** Delivers one frame. */
  deliver(from: string, to: string): void {
    const link = this.#get(from, to);
    if (link === undefined || !this.#deliver(link)) throw new Error(`nothing is on its way from ${from} to ${to}`);
  }

  /** Damages the next chunk of a state that one sends to the other. */
  damage(from: string, to: string): void {
    const link = this.#get(from, to);
    if (link !== undefined) link.damages = true;
  }

  /**
   * Delivers the frames under way as long as they belong to a copy of the state.
   *
   * @returns whether there were any
   */
  deliverCopy(from: string, to: string): boolean {
    const link = this.#get(from, to);
    if (link?.head === undefined || link.head === END || !COPY_FRAMES.has(link.head.kind)) return false;
    this.deliver(from, to);
    return true;
  }

  /**
   * Delivers everything that is under way and not held.
   *
   * @returns whether there was anything
   */
  deliverAll(): boolean {
    let moved = false;
    for (const link of [...this.#links.values()]) while (!link.held && this.#deliver(link)) moved = true;
    return moved;
  }

  #deliver(link: ScriptedLink): boolean {
    const { from, to, id } = link;
    const { servers, clients, names } = this.#world;
    const server = servers.get(to);
    const client = clients.get(to);
    if (this.#get(from, to) !== link || (server ?? client)?.paused) return false;
    if (id !== undefined && server?.sessionsPaused) return false;
    const frame = link.take();
    if (frame === undefined) return false;
    if (frame === END) this.#break(link);
    else if (client !== undefined)
      this.#world.ask(client, { kind: 'frame', slot: names.indexOf(from), frame: frame as ReplyFrame });
    else if (server !== undefined) this.#arrive(link, server, frame);
    return true;
  }

  #arrive({ from, id }: ScriptedLink, server: Server, frame: Frame): void {
    const sender = this.#world.servers.get(from);
    if (id !== undefined)
      this.#world.tell(server, {
        ...{ kind: 'sessionFrame', link: id, peer: from, frame: frame as SessionFrame },
        ...identityOf(this.#world.clients.get(from)),
      });
    else if (sender !== undefined)
      this.#world.tell(server, { kind: 'peerFrame', from: sender.member, frame: frame as PeerFrame });
  }
}
