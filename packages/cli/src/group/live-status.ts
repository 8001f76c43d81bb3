/** A group's status with what each running replica says of itself. */
import { type Coordinator, type Presence, UnderstudyError } from '@understudy/core';
import { reportOf, type TimedReport } from '../admin/admin-client.js';
import type { OperatorIdentity } from '../common/identity.js';
import { type GroupStatus, groupStatus, type ReplicaRow } from './group-status.js';

/** How long to wait for one replica. A table must come soon even if one does not answer. */
const REPORT_WITHIN_MS = 2_000;

/** Why a replica gave no status. `refused`: it answered, and demands a proof from whoever asks. */
export interface Silence {
  readonly kind: 'refused' | 'unreachable';
  readonly why: string;
}

export interface LiveRow extends ReplicaRow {
  /** Undefined if the replica does not run, was not asked, or gave no status. */
  readonly told?: TimedReport;
  readonly silence?: Silence;
  /** How many orders the primary holds and this replica lacks, by their answers one after the other. */
  readonly lag?: number;
  /** Where other replicas and operators reach it, if that differs from its address for clients. */
  readonly peerAddress?: string;
}

export interface LiveStatus extends GroupStatus {
  readonly replicas: readonly LiveRow[];
}

/** @param identity proves to the replicas who asks them; undefined asks the coordinator alone */
export async function liveStatus(
  coordinator: Coordinator,
  group: string,
  where: string,
  identity: OperatorIdentity | undefined,
): Promise<LiveStatus> {
  const status = await groupStatus(coordinator, group, where);
  if (identity === undefined) return status;
  const present = await coordinator.present();
  const rows = await Promise.all(status.replicas.map((row) => liveRow(row, present, identity)));
  const primary = rows.find(({ role, told }) => role === 'primary' && told !== undefined)?.told?.report;
  return { ...status, replicas: rows.map((row) => withLag(row, primary?.heldUpTo)) };
}

async function liveRow(row: ReplicaRow, present: readonly Presence[], identity: OperatorIdentity): Promise<LiveRow> {
  const presence = present.find(({ member }) => member.id === row.id && member.incarnation === row.incarnation);
  if (presence === undefined) return row;
  const { address, peerAddress } = presence;
  const place = peerAddress === undefined ? {} : { peerAddress };
  try {
    const told = await reportOf({ address: peerAddress ?? address, ...identity, withinMs: REPORT_WITHIN_MS });
    return { ...row, ...place, told };
  } catch (error) {
    if (!(error instanceof UnderstudyError)) throw error;
    const kind = error.code === 'UNDERSTUDY_SETUP' ? 'refused' : 'unreachable';
    const why = error.message.replace(/^UNDERSTUDY_[A-Z_]+: /, '');
    return { ...row, ...place, silence: { kind, why } };
  }
}

function withLag(row: LiveRow, heldByPrimary: number | undefined): LiveRow {
  if (row.told === undefined || heldByPrimary === undefined) return row;
  return { ...row, lag: Math.max(0, heldByPrimary - row.told.report.heldUpTo) };
}

/** The report of the primary, if it gave one. */
export const primaryOf = ({ replicas }: LiveStatus): LiveRow | undefined =>
  replicas.find(({ role }) => role === 'primary');

/**
 * How many calls a second the group ordered between two looks at it, most of which clients made. Undefined if a primary
 * gave no report at one of them.
 */
export function callsPerSecond(before: LiveStatus | undefined, now: LiveStatus): number | undefined {
  const [one, other] = [before && primaryOf(before)?.told, primaryOf(now)?.told];
  if (one === undefined || other === undefined) return undefined;
  const seconds = (other.answeredAtMs - one.answeredAtMs) / 1_000;
  if (seconds <= 0) return undefined;
  return Math.max(0, (other.report.processedUpTo - one.report.processedUpTo) / seconds);
}
