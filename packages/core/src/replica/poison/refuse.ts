/** Refuses messages of which primaries died: every replica passes over them at their places in the order. */

import type { Connection } from '../../connection/connection.js';
import type { Request } from '../../model/message.js';
import type { OrderInfo } from '../../model/order-info.js';
import { ownReply, type Reply } from '../../model/outcome.js';
import type { GroupRecord, Poisoned } from '../../model/record.js';
import { deathsOf } from '../../record/deaths.js';
import type { ReplicaState } from '../state/replica-state.js';
import { describeRequest } from './names.js';

/** The record's entry for the message at this place, if no replica processes that message any more. */
export function poisonedAt({ record }: ReplicaState, { orderNum, term }: OrderInfo): Poisoned | undefined {
  return record?.deaths?.poisoned.find((poisoned) => poisoned.orderNum === orderNum && poisoned.term === term);
}

/**
 * The outcome of a call with the method and bytes of a message that was refused a short time ago. Otherwise a client
 * that tries again would end two more primaries each time.
 */
export function refusedAsPoison(r: ReplicaState, connection: Connection, request: Request): Reply | undefined {
  const same = refusedLike(r, connection, request);
  return same === undefined ? undefined : poisonReply(same);
}

/** The message of death with the same method and bytes, as long as others like it are refused. */
export function refusedLike(r: ReplicaState, connection: Connection, request: Request): Poisoned | undefined {
  const poisoned = r.record?.deaths?.poisoned;
  if (poisoned === undefined || poisoned.length === 0) return undefined;
  if (request.reply !== undefined || (request.stream !== undefined && request.stream.kind !== 'open')) return undefined;
  const nowMs = r.clocks.orderMs();
  if (!poisoned.some(({ refusedUntilMs }) => nowMs < refusedUntilMs)) return undefined;
  const { method, digest } = describeRequest(connection, request);
  const same = poisoned.find((other) => other.method === method && other.digest === digest);
  return same === undefined || nowMs >= same.refusedUntilMs ? undefined : same;
}

const ADVICE =
  'see what the processes that ended wrote last, and mend the handler; until then callers get UNDERSTUDY_POISON';

/** Logs once each message that is refused from now on. */
export function sayPoisoned(r: ReplicaState, before: GroupRecord | undefined, record: GroupRecord): void {
  const known = new Set(before?.deaths?.poisoned.map(textOf));
  for (const poisoned of deathsOf(record).poisoned) {
    if (known.has(textOf(poisoned))) continue;
    const { method, digest, deaths } = poisoned;
    r.log('error', 'UNDERSTUDY_POISON', { method, digest, deaths, advice: ADVICE });
  }
}

const textOf = ({ orderNum, method, digest }: Poisoned): string => `${orderNum} ${method} ${digest}`;

/** The reply that the caller of a refused message gets. */
export function poisonReply({ method, digest, deaths }: Poisoned): Reply {
  const message =
    method === '' ? 'this message' : `a message of ${method}${digest === '' ? '' : ` with digest ${digest}`}`;
  const died = deaths === 1 ? 'a primary died' : `${deaths} primaries died`;
  const reason = `${died} while processing ${message}, so it is not processed again; it may have taken effect or not; see the logs of the replicas that ended, and mend the handler`;
  return ownReply('UNDERSTUDY_POISON', reason);
}
