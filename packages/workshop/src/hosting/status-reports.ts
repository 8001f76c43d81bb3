/** Reports changes of a replica's status. */
import type { ReplicaStatus } from '@understudy/core';

const LOOK_EVERY_MS = 5;

/** Calls `report` whenever the replica's role, incarnation, term, primary or in-sync set has changed. */
export function reportChanges(status: () => ReplicaStatus, report: (status: ReplicaStatus) => void): void {
  let told = '';
  setInterval(() => {
    const now = status();
    const { replica, role, term, primary, inSync, blocked } = now;
    const seen = JSON.stringify([replica, role, term, primary, inSync, blocked]);
    if (seen === told) return;
    told = seen;
    report(now);
  }, LOOK_EVERY_MS).unref();
}
