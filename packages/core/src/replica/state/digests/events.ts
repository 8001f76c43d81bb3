/** What a core asks of its adapter when states are compared, and the answers. */

import type { CopyCost } from '../../../model/digest.js';
import type { OrderNum, ReplicaId } from '../../../model/ids.js';

export type DigestEvent =
  /**
   * First answer to `digestState`: the state is copied, and messages may be processed again. That took `heldMs`, and
   * blocked this process for up to `blockedMs` at a time.
   */
  | {
      readonly kind: 'stateHeld';
      readonly orderNum: OrderNum;
      readonly heldMs: number;
      readonly blockedMs: number;
    }
  /**
   * Second answer to `digestState`. `digest` is undefined if the state could not be copied, for this `reason`. `tookMs`: the
   * time that this process spent on it in all, `cost` that of the copy.
   */
  | {
      readonly kind: 'stateDigested';
      readonly orderNum: OrderNum;
      readonly digest: string | undefined;
      readonly tookMs: number;
      readonly cost?: CopyCost;
      readonly reason?: string;
    };

export type DigestEffect =
  /**
   * Takes a digest of the user's state, which is that after `orderNum`, when the peers in `told` have heard of it. What was
   * gathered before leaves first.
   */
  | { readonly kind: 'digestState'; readonly orderNum: OrderNum; readonly told: readonly ReplicaId[] }
  /** Nobody waits for digests any more that were asked for. */
  | { readonly kind: 'endDigest' };
