/** A replica's own account of its status, as an operator asks for it. */
import type { MemberStatus, ReplicaStatus, Role } from '@understudy/core';
import { decoded } from './messages.js';

/** The role of a replica; `unknown` if its release is newer than this command. */
export type ReportedRole = Role | 'unknown';

/** The numbers of a status, which count since the process or its present life began. */
type Counts = Pick<
  ReplicaStatus,
  | ('term' | 'epoch' | 'heldUpTo' | 'processedUpTo' | 'stableUpTo' | 'sessions' | 'logLength' | 'waitingToRelease')
  | ('refusedBodies' | 'strayErrors' | 'unordered' | 'keptBytes' | 'divergences' | 'forgedOrders' | 'statesEqualUpTo')
>;

export interface ReplicaReport extends Readonly<Record<keyof Counts, number>> {
  readonly role: ReportedRole;
  readonly replica: { readonly id: string; readonly incarnation: string };
  readonly primary: string | undefined;
  readonly inSync: readonly { readonly id: string; readonly incarnation: string }[];
  readonly digest: string;
  readonly version: string;
  readonly settings: string;
  readonly members: readonly MemberStatus[];
  readonly diverging: ReplicaStatus['diverging'];
  readonly blocked: string | undefined;
  readonly degraded: string | undefined;
  readonly recordChange: string | undefined;
  readonly leaving: string | undefined;
  /** The replica's wall clock when it answered, milliseconds since 1970; 0 if its release does not tell. */
  readonly nowMs: number;
  readonly livenessAddress: string | undefined;
}

const ROLES: readonly ReportedRole[] = ['unknown', 'starting', 'joining', 'backup', 'promoting', 'primary', 'deposed'];

interface Raw extends Omit<ReplicaReport, 'role' | 'replica' | 'inSync'> {
  readonly role: number;
  readonly replica: RawMember | null;
  readonly inSync: readonly RawMember[];
}

interface RawMember {
  readonly id: string;
  readonly incarnation: Buffer;
}

export function reportFrom(bytes: Buffer): ReplicaReport {
  const raw = decoded<Raw>('StatusResponse', bytes);
  const { primary, blocked, degraded, recordChange, leaving, livenessAddress } = raw;
  return {
    ...raw,
    role: ROLES[raw.role] ?? 'unknown',
    replica: memberOf(raw.replica ?? { id: '', incarnation: Buffer.alloc(0) }),
    inSync: raw.inSync.map(memberOf),
    primary: primary || undefined,
    blocked: blocked || undefined,
    degraded: degraded || undefined,
    recordChange: recordChange || undefined,
    leaving: leaving || undefined,
    livenessAddress: livenessAddress || undefined,
  };
}

const memberOf = ({ id, incarnation }: RawMember) => ({ id, incarnation: incarnation.toString('hex') });
