/** A group as its record and the announcements of its replicas show it. */
import {
  type Coordinator,
  type GroupRecord,
  type Member,
  type Presence,
  type ReplicaId,
  UnderstudyError,
} from '@understudy/core';
import { differingNames } from '@understudy/core/internal';

export type RoleInRecord = 'primary' | 'in sync' | 'out of sync';

/** One replica in one life. A replica that was restarted has two rows: its life in the record, and its present life. */
export interface ReplicaRow {
  readonly id: ReplicaId;
  /** Undefined if the replica neither runs nor is in sync. */
  readonly incarnation: string | undefined;
  readonly role: RoleInRecord;
  readonly runs: boolean;
  readonly address: string | undefined;
  /** The version of its code; undefined if it does not run. */
  readonly version?: string;
  /** The settings in which it differs from those in force. It applies its own when it becomes primary. */
  readonly waitsWith?: readonly string[];
}

export interface GroupStatus {
  readonly group: string;
  readonly record: GroupRecord;
  readonly replicas: readonly ReplicaRow[];
  /** The reasons why the coordinator takes no changes, each a sentence that says what to do. */
  readonly problems: readonly string[];
}

/** @throws UNDERSTUDY_SETUP when the group has no record; errors of the coordinator */
export async function groupStatus(coordinator: Coordinator, group: string, where: string): Promise<GroupStatus> {
  const record = await recordOf(coordinator, group, where);
  // A user of etcd may be allowed to read the record and not to ask for alarms.
  const problems = (await coordinator.problems?.().catch(() => [])) ?? [];
  return { group, record, replicas: replicaRows(record, await coordinator.present()), problems };
}

export async function recordOf(coordinator: Coordinator, group: string, where: string): Promise<GroupRecord> {
  const record = await coordinator.read();
  if (record !== undefined) return record;
  const knowing = (await coordinator.present()).filter(({ epoch }) => epoch !== undefined);
  if (knowing.length > 0) {
    const names = knowing.map(({ member }) => JSON.stringify(member.id)).join(', ');
    const lost = `the record of group ${JSON.stringify(group)} is lost in ${where}, and ${names} runs and knows one: the primary puts it back. If no primary runs any more, choose who does: understudy restore --group ${group} --replica <id>`;
    throw new UnderstudyError('UNDERSTUDY_SETUP', lost);
  }
  const problem = `group ${JSON.stringify(group)} has no record in ${where}; check both names, or start a replica of the group`;
  throw new UnderstudyError('UNDERSTUDY_SETUP', problem);
}

export const sameMember = (a: Member, b: Member): boolean => a.id === b.id && a.incarnation === b.incarnation;

/** A sentence for each message that no replica processes any more because it killed primaries. */
export const refusals = ({ deaths }: Pick<GroupRecord, 'deaths'>): readonly string[] =>
  (deaths?.poisoned ?? []).map(({ method, digest, deaths: count, orderNum }) => {
    const what = method === '' ? 'a message' : `a message of ${method}${digest === '' ? '' : ` with digest ${digest}`}`;
    const place = orderNum === 0 ? '' : ` at order ${orderNum}`;
    return `${what}${place} is refused: ${count === 1 ? 'a primary' : `${count} primaries`} died while processing it`;
  });

/** The version of a running replica's code, and the names of its settings that are not in force. */
function codeOf(record: GroupRecord, presence: Presence | undefined): Pick<ReplicaRow, 'version' | 'waitsWith'> {
  if (presence?.brings === undefined) return {};
  const { version, settings } = presence.brings;
  return { version, waitsWith: differingNames(record.settings, settings) };
}

export function replicaRows(record: GroupRecord, present: readonly Presence[]): readonly ReplicaRow[] {
  const addressOf = (id: ReplicaId) => (Object.hasOwn(record.addresses, id) ? record.addresses[id] : undefined);
  const inSync = record.inSync.map((member): ReplicaRow => {
    const presence = present.find((other) => sameMember(other.member, member));
    const role = sameMember(member, record.primary) ? 'primary' : 'in sync';
    const address = presence?.address ?? addressOf(member.id);
    return { ...member, role, runs: presence !== undefined, address, ...codeOf(record, presence) };
  });
  const others = present
    .filter(({ member }) => !record.inSync.some((known) => sameMember(known, member)))
    .map((presence): ReplicaRow => {
      const { member, address } = presence;
      return { ...member, role: 'out of sync', runs: true, address, ...codeOf(record, presence) };
    });
  const shown = new Set([...inSync, ...others].map((row) => row.id));
  const absent = (Object.keys(record.addresses) as ReplicaId[])
    .filter((id) => !shown.has(id))
    .map((id): ReplicaRow => {
      return { id, incarnation: undefined, role: 'out of sync', runs: false, address: addressOf(id) };
    });
  return [...inSync, ...others, ...absent].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}
