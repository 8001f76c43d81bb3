/** Looks at a group again and again. */
import { setTimeout as delay } from 'node:timers/promises';
import type { GroupRecord } from '@understudy/core';
import { type Failure, failureOf } from '../common/failure.js';
import type { OperatorIdentity } from '../common/identity.js';
import { type Source, withCoordinator } from '../common/source.js';
import { callsPerSecond, type LiveStatus, liveStatus } from '../group/live-status.js';
import { type GroupEvent, recordEvents, statusEvents } from './events.js';

export interface Look {
  readonly group: string;
  /** Undefined if the record could not be read. */
  readonly status: LiveStatus | undefined;
  readonly error: Failure | undefined;
  /** Calls a second; undefined if it is unknown. */
  readonly load: number | undefined;
  /** What happened since the last look; at the first look, which replicas run and what is wrong. */
  readonly events: readonly GroupEvent[];
}

export interface FollowOptions {
  readonly source: Source;
  readonly identity: OperatorIdentity;
  readonly everyMs: number;
  readonly signal: AbortSignal;
}

/**
 * Looks at a group every `everyMs`, and at once when its record changes, until the signal is aborted. It misses no
 * record that lasted long enough for the coordinator to report it.
 */
export async function follow(group: string, options: FollowOptions, see: (look: Look) => void): Promise<void> {
  const { source, identity, everyMs, signal } = options;
  await withCoordinator(source, group, async (coordinator) => {
    const fresh: GroupRecord[] = [];
    let wake = (): void => {};
    const unwatch = coordinator.watch(
      (record) => {
        fresh.push(record);
        wake();
      },
      () => {},
      () => wake(),
    );
    const over = new Promise<undefined>((resolve) => {
      signal.addEventListener('abort', () => resolve(undefined), { once: true });
    });
    let last: LiveStatus | undefined;
    let failed: Failure | undefined;
    try {
      while (!signal.aborted) {
        const changed = new Promise<void>((resolve) => {
          wake = resolve;
        });
        try {
          const looking = liveStatus(coordinator, group, source.name, identity);
          const status = await Promise.race([looking, over]);
          if (status === undefined) {
            looking.catch(() => {});
            return;
          }
          const events = [...(failed ? [{ level: 'info', text: 'the record can be read again' } as const] : [])];
          const records = fresh.splice(0).filter(({ epoch }) => epoch < status.record.epoch);
          see({
            ...{ group, status, error: undefined, load: callsPerSecond(last, status) },
            events: [...events, ...eventsBetween(last, records, status)],
          });
          last = status;
          failed = undefined;
        } catch (error) {
          const failure = failureOf(error);
          const isNew = failed?.message !== failure.message;
          failed = failure;
          const events: GroupEvent[] = isNew ? [{ level: 'warn', text: failure.message }] : [];
          see({ group, status: undefined, error: failure, load: undefined, events });
        }
        await Promise.race([delay(everyMs, undefined, { signal }), changed]).catch(() => {});
      }
    } finally {
      unwatch();
    }
  });
}

function eventsBetween(
  before: LiveStatus | undefined,
  records: readonly GroupRecord[],
  now: LiveStatus,
): readonly GroupEvent[] {
  if (before === undefined) return statusEvents({ ...now, replicas: [], problems: [] }, now);
  const events: GroupEvent[] = [];
  let record = before.record;
  for (const next of [...records.filter(({ epoch }) => epoch > before.record.epoch), now.record]) {
    events.push(...recordEvents(record, next));
    record = next;
  }
  return [...events, ...statusEvents(before, now)];
}
