/**
 * The types and errors that users of replication meet, whichever package they come from. The protocol itself is in
 * `./internal`, which is for the packages of this repository only.
 */
export type { Budgets, Carrier, Multicast, Ordering, Release, Replication } from './config/config.js';
export type { GroupSettings, MethodEntry, UnderstudyServiceConfig } from './config/settings.js';
export { ERROR_CODES, type ErrorCode, UnderstudyError } from './model/error.js';
export type { Epoch, Incarnation, OrderNum, ReplicaId, Term } from './model/ids.js';
export type {
  ChunkedStateSource,
  Coordinator,
  CoordinatorFactory,
  Logger,
  LogLevel,
  Presence,
  StateChunks,
  StateSource,
  SwapResult,
} from './model/ports.js';
export type { Adoption, GroupRecord, Leadership, Member, TermCode } from './model/record.js';
export type { CopyStatus, PromotionParts } from './replica/outside/status.js';
export type { DivergingMethod, MemberStatus, ReplicaStatus, RoleName as Role } from './replica/state/events.js';
