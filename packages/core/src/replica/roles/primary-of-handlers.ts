import type { Connection } from '../../connection/connection.js';
import type { Message } from '../../connection/message.js';
import type { BackupReadsFrame } from '../../model/frames.js';
import { cancelHeld } from '../intake/cancellations.js';
import { startCopy } from '../order/turn.js';
import { holdBack } from '../poison/care.js';
import type { Entry } from '../state/message-order.js';
import type { PrimaryState } from '../state/primary-state.js';
import { Role } from '../state/role.js';
import { dueAfterPeriod, orderDue, wakeNext } from '../timers/timers.js';

/**
 * The part of a primary that concerns handlers: what they wait for, what they put off, and what they may die of; and
 * reads that were meant for a backup.
 */
export abstract class PrimaryOfHandlers extends Role {
  abstract readonly p: PrimaryState;

  override called(connection: Connection, message: Message): void {
    cancelHeld(this.p, connection, message);
  }

  /** A session sent reads to this replica because it took it for a backup. */
  override backupReads(from: Connection, peer: string, { term, reads }: BackupReadsFrame): boolean {
    return this.read(from, peer, term, reads);
  }

  override holdsBack(entry: Entry): boolean {
    return holdBack(this.p, entry);
  }

  override startCopy(): boolean {
    return startCopy(this.p);
  }

  override timersChanged(): void {
    wakeNext(this.p);
  }

  override everyFired(name: string): void {
    dueAfterPeriod(this.p, name);
  }

  override wake(): void {
    orderDue(this.p);
  }
}
