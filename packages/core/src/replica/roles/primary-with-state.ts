import type { Checkpoint } from '../../model/checkpoint.js';
import type { OrderNum } from '../../model/ids.js';
import { onCopyFailed, onOwnCheckpoint } from '../checkpoint/checkpoints.js';
import { onDrawn } from '../checkpoint/sending.js';
import { onPrimaryDigested, statesEqualUpTo } from '../copying/deciding.js';
import { whyNoneJoins } from '../state/base.js';
import { PrimaryOfHandlers } from './primary-of-handlers.js';

/** The part of a primary that concerns copies of the user's state, and digests of it. */
export abstract class PrimaryWithState extends PrimaryOfHandlers {
  override trusts(base: Checkpoint): boolean {
    return /* rule base-before-divergence */ base.orderNum >= this.p.differedUpTo;
  }

  override checkpointTaken(copy: number, checkpoint: Checkpoint, more: boolean): void {
    onOwnCheckpoint(this.p, copy, checkpoint, more);
  }

  override draws(copy: number): boolean {
    return this.p.copies.has(copy);
  }

  override stateDrawn(copy: number, state: readonly Uint8Array[], more: boolean): void {
    onDrawn(this.p, copy, state, more);
  }

  override checkpointFailed(copy: number, reason: string): void {
    onCopyFailed(this.p, copy, reason);
  }

  override stateDigested(orderNum: OrderNum, digest: string | undefined, tookMs: number): void {
    onPrimaryDigested(this.p, orderNum, digest, tookMs);
  }

  override get degraded(): string | undefined {
    const { differed, learners, r } = this.p;
    const { record } = r;
    if (record === undefined || Object.keys(record.addresses).length < 2) return undefined;
    const noneJoins = whyNoneJoins(r);
    if (record.inSync.length > 1) return noneJoins;
    const alone = 'no backup is in sync, so the group stops if this replica does';
    if (differed !== undefined && learners.has(differed.id)) {
      return `${alone}: ${differed.id} left at order ${differed.orderNum}, because it differs (UNDERSTUDY_DIVERGED), and is to restore this replica's state`;
    }
    return noneJoins === undefined ? alone : `${alone}; ${noneJoins}`;
  }

  override get statesEqualUpTo(): OrderNum {
    return statesEqualUpTo(this.p);
  }
}
