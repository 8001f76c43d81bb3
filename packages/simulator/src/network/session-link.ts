import type { Term } from '@understudy/core';
import type {
  ConnectionId,
  LinkId,
  ReplicaEvent,
  ReplicaProgress,
  ReplyFrame,
  SeqNum,
  SessionEvent,
  SessionFrame,
} from '@understudy/core/internal';
import { END } from '@understudy/core/testing';
import type { Choices } from '../draw/choices.js';
import type { Named } from '../trace/narrator.js';
import { type AnyFrame, type LinkEnd, type LinkWorld, TimedLink } from './timed-link.js';

/** The client at one end. */
export interface ClientEnd extends LinkEnd {
  readonly index: number;
  readonly alive: boolean;
  readonly clockMs: number;
  readonly connection: ConnectionId;
  /** Its links, by replica. */
  readonly links: (SessionLink | undefined)[];
  step(event: SessionEvent): void;
  trace(from: Named, frame: AnyFrame): void;
}

/** The replica at the other end. */
export interface ServerEnd extends LinkEnd {
  readonly index: number;
  readonly status: ReplicaProgress | undefined;
  /** Whether it has stopped reading from sessions. */
  readonly sessionsPaused: boolean;
  readonly sessionLinks: Map<LinkId, SessionLink>;
  step(event: ReplicaEvent): void;
  trace(from: Named, frame: AnyFrame): void;
}

export interface SessionLinkWorld extends LinkWorld {
  readonly choices: Choices;
  readonly network: LinkWorld['network'] & {
    /** A frame of this client arrived at this replica. */
    heard(client: ClientEnd, server: ServerEnd): void;
  };
}

/** A session's link to one replica. Both directions end together, and each side notices in its own time. */
export class SessionLink {
  readonly client: ClientEnd;
  /** The connection of the session that opened it; by now the client may have another session. */
  readonly connection: ConnectionId;
  readonly server: ServerEnd;
  readonly id: LinkId;
  readonly toServer: TimedLink<SessionFrame>;
  readonly toClient: TimedLink<ReplyFrame>;
  /** By request, the term in which a stable reply was asked for on this link. */
  readonly asked = new Map<SeqNum, Term>();
  /** By request, when a promotion last asked for its body on this link, by the replica's clock. */
  readonly nacked = new Map<SeqNum, number>();
  clientOpen = true;
  serverOpen = true;
  readonly #world: SessionLinkWorld;

  constructor(world: SessionLinkWorld, client: ClientEnd, server: ServerEnd, id: LinkId) {
    this.#world = world;
    this.client = client;
    this.connection = client.connection;
    this.server = server;
    this.id = id;
    const isRead = () => !server.sessionsPaused;
    this.toServer = new TimedLink(world, client, server, (frame) => this.#atServer(frame), isRead);
    this.toClient = new TimedLink(world, server, client, (frame) => this.#atClient(frame));
  }

  #atServer(frame: SessionFrame | typeof END): void {
    if (!this.serverOpen) return;
    if (frame === END) {
      this.endAtServer();
      this.server.step({ kind: 'sessionDown', link: this.id });
    } else {
      this.#world.network.heard(this.client, this.server);
      this.server.trace(this.client, frame);
      this.server.step({ kind: 'sessionFrame', link: this.id, peer: this.client.name, frame });
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

  /** The replica ends the link, or learned that it ended. */
  endAtServer(): void {
    this.serverOpen = false;
    this.toServer.close();
    this.toClient.end();
    this.server.sessionLinks.delete(this.id);
  }

  endAtClient(): void {
    this.clientOpen = false;
    this.toClient.close();
    this.toServer.end();
    if (this.client.links[this.server.index] === this) this.client.links[this.server.index] = undefined;
  }

  /** The network breaks it. */
  break(): void {
    const { choices } = this.#world;
    this.toServer.break(choices.below(this.toServer.length + 1));
    this.toClient.break(choices.below(this.toClient.length + 1));
  }

  get over(): boolean {
    return !this.clientOpen && !this.serverOpen;
  }
}
