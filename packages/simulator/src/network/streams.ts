import type { ConnectionId, LinkId, Member, PeerFrame, ReplyFrame, SeqNum, SessionFrame, Term } from '@understudy/core';
import type { ClientHost } from '../hosts/client/client-host.js';
import type { Host } from '../hosts/host.js';
import type { ServerHost } from '../hosts/replica/server-host.js';

/** Something that may happen next in a simulation. */
export interface Act {
  act(): void;
}

/** The end of a stream, behind the last frame that still arrives. */
export const END = 'end';

/** Frames of one stream in one direction, on their way. */
export class Pipe<F> implements Act {
  readonly from: Host;
  readonly to: Host;
  readonly #arrive: (frame: F | typeof END) => void;
  frames: (F | typeof END)[] = [];
  /** Nothing arrives before: a delay. */
  heldUntilMs = 0;

  constructor(from: Host, to: Host, arrive: (frame: F | typeof END) => void) {
    this.from = from;
    this.to = to;
    this.#arrive = arrive;
  }

  get ready(): boolean {
    const { from, to } = this;
    return (
      this.frames.length > 0 &&
      to.runs &&
      to.simulation.nowMs >= this.heldUntilMs &&
      !to.simulation.network.isCut(from, to) &&
      !to.readsNothing(from)
    );
  }

  act(): void {
    const frame = this.frames.shift();
    if (frame !== undefined) this.#arrive(frame);
  }

  /** The stream breaks: some tail of what is on its way is lost. */
  break(keep: number): void {
    if (this.frames.at(-1) === END) return;
    this.frames.length = Math.min(this.frames.length, keep);
    this.frames.push(END);
  }
}

/** A session's stream to one replica: both directions end together, each side learns of it in its own time. */
export class SessionStream {
  readonly client: ClientHost;
  /** Of the session that opened it: the client may have begun another meanwhile. */
  readonly connection: ConnectionId;
  readonly server: ServerHost;
  readonly link: LinkId;
  readonly toServer: Pipe<SessionFrame>;
  readonly toClient: Pipe<ReplyFrame>;
  /** In which term a stable reply was asked for on it. */
  readonly asked = new Map<SeqNum, Term>();
  /** When a promotion last asked on it for a body, by the replica's clock. */
  readonly nacked = new Map<SeqNum, number>();
  clientOpen = true;
  serverOpen = true;

  constructor(client: ClientHost, server: ServerHost, link: LinkId) {
    this.client = client;
    this.connection = client.connection;
    this.server = server;
    this.link = link;
    this.toServer = new Pipe(client, server, (frame) => this.#atServer(frame));
    this.toClient = new Pipe(server, client, (frame) => this.#atClient(frame));
  }

  #atServer(frame: SessionFrame | typeof END): void {
    if (!this.serverOpen) return;
    if (frame === END) {
      this.endAtServer();
      this.server.step({ kind: 'sessionDown', link: this.link });
    } else {
      this.client.simulation.network.heard(this.client, this.server);
      this.server.trace(this.client, frame);
      this.server.step({ kind: 'sessionFrame', link: this.link, peer: this.client.name, frame });
    }
  }

  #atClient(frame: ReplyFrame | typeof END): void {
    if (!this.clientOpen) return;
    const slot = this.server.index;
    if (frame === END) {
      this.endAtClient();
      this.client.step({ kind: 'linkDown', slot });
    } else {
      this.client.trace(this.server, frame);
      this.client.step({ kind: 'frame', slot, frame });
    }
  }

  /** The replica ends the stream, or learned that it ended. */
  endAtServer(): void {
    this.serverOpen = false;
    this.toServer.frames = [];
    this.toClient.break(Number.POSITIVE_INFINITY);
    this.server.streams.delete(this.link);
  }

  endAtClient(): void {
    this.clientOpen = false;
    this.toClient.frames = [];
    this.toServer.break(Number.POSITIVE_INFINITY);
    if (this.client.streams[this.server.index] === this) this.client.streams[this.server.index] = undefined;
  }

  /** The network breaks it. */
  break(): void {
    const { choices } = this.client.simulation;
    this.toServer.break(choices.below(this.toServer.frames.length + 1));
    this.toClient.break(choices.below(this.toClient.frames.length + 1));
  }

  get over(): boolean {
    return !this.clientOpen && !this.serverOpen;
  }
}

/** The stream on which one replica sends to another. The receiver does not care when it ends; the sender learns it. */
export class PeerStream implements Act {
  readonly from: ServerHost;
  readonly to: ServerHost;
  readonly fromMember: Member;
  readonly pipe: Pipe<PeerFrame>;
  readonly #toLife: number;
  broken = false;

  constructor(from: ServerHost, to: ServerHost) {
    this.from = from;
    this.to = to;
    this.fromMember = from.member;
    this.#toLife = to.lives;
    this.pipe = new Pipe(from, to, (frame) => this.#atReceiver(frame));
  }

  #atReceiver(frame: PeerFrame | typeof END): void {
    if (frame === END || this.to.lives !== this.#toLife) return;
    this.to.trace(this.from, frame);
    this.to.step({ kind: 'peerFrame', from: this.fromMember, frame });
  }

  send(frame: PeerFrame): void {
    if (!this.broken && this.to.lives === this.#toLife) this.pipe.frames.push(frame);
  }

  break(): void {
    if (this.broken) return;
    this.broken = true;
    this.pipe.break(this.from.simulation.choices.below(this.pipe.frames.length + 1));
  }

  /** The sender notices that its stream is broken. */
  act(): void {
    this.from.peerStreams[this.to.index] = undefined;
    this.from.step({ kind: 'peerDown', peer: this.to.member.id });
  }
}
