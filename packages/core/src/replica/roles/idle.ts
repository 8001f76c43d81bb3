/** The first and the last role of every life, in which a replica only answers heartbeats. */

import type { Connection } from '../../connection/connection.js';
import type { ReadRequest } from '../../model/frames.js';
import { keepReadsOfTerm } from '../intake/sessions.js';
import { echoHeartbeats } from '../release/session-frames.js';
import type { ReplicaState } from '../state/replica-state.js';
import { Role } from '../state/role.js';

/** A replica that has no record yet, or whose life is over. Sessions hear that it is there; nothing else happens. */
abstract class Idle extends Role {
  protected readonly r: ReplicaState;

  constructor(r: ReplicaState) {
    super();
    this.r = r;
  }

  override flush(): void {
    echoHeartbeats(this.r);
  }
}

/** The first role of every life, until the record is known. */
export class Starting extends Idle {
  readonly kind = 'starting';

  override read(connection: Connection, peer: string, term: number, reads: readonly ReadRequest[]): boolean {
    return keepReadsOfTerm(this.r, term, connection, peer, reads);
  }

  override get blocked(): string {
    return "waits for the coordinator to create the group's record";
  }
}

/** The last role of every life. */
export class Deposed extends Idle {
  readonly kind = 'deposed';
}
