import type { GroupConfig } from '../../config/config.js';
import type { ConnectionId } from '../../model/ids.js';
import type { SessionEffect, SessionEvent } from '../../session/events.js';
import { Session } from '../../session/session.js';
import { sessionOf } from '../world/identity.js';
import { Process } from './process.js';

/** A client's process with its session. */
export class Client extends Process<SessionEvent, SessionEffect> {
  declare core: Session | undefined;
  readonly connection: ConnectionId;
  /** Its session is over, and it opens no more links. */
  ended = false;
  /** The identity that the client has proved to every replica. */
  identity: string | undefined;
  /** What the client hides: the orders that it holds, or the bodies that replicas ask for. */
  hides: 'nothing' | 'orders' | 'bodies' = 'nothing';

  /** @param number the number of the client, from 1; its connection is named after it */
  constructor(name: string, number: number, slots: number, config: GroupConfig) {
    super(name, { kind: 'flush' });
    this.connection = sessionOf(number);
    this.core = new Session({ connection: this.connection, slots, config });
  }

  end(): void {
    this.core = undefined;
    this.clear();
  }
}
