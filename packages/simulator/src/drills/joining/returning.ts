import type { ClientHost } from '../../hosts/client/client-host.js';
import type { ServerHost } from '../../hosts/replica/server-host.js';
import type { Stage } from '../stage.js';

/** A backup that stayed, and a replica that died, is no member any more, and has just got its first checkpoint. */
export interface Returning {
  readonly backup: ServerHost;
  readonly third: ServerHost;
}

/**
 * One of three replicas dies, is removed from the set, and starts again.
 *
 * @param caller makes a call before that, so that there is something to hold
 * @param beforeStart what happens just before the replica starts again
 * @returns undefined where the run went another way
 */
export function returning(
  stage: Stage,
  primary: ServerHost,
  caller: ClientHost,
  beforeStart: (third: ServerHost) => void = () => {},
): Returning | undefined {
  const { world, leaseMs } = stage;
  const [backup, third] = stage.othersThan(primary);
  if (backup === undefined || third === undefined) return undefined;
  stage.answered(stage.call(caller, false), leaseMs);
  third.crash();
  if (!stage.quietly(4 * leaseMs, () => world.coordinator.record?.inSync.length === 2)) return undefined;
  stage.quietly(leaseMs);
  beforeStart(third);
  third.start();
  return stage.until(() => (third.status?.heldUpTo ?? 0) > 0, leaseMs) ? { backup, third } : undefined;
}
