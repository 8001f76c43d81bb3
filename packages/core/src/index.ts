/**
 * What users of replication meet, whichever package they come from. The protocol itself is in `./internal`, for the packages
 * of this repository only.
 */
export type { Carrier, Multicast, Ordering, Release, Replication } from './config.js';
export { ERROR_CODES, type ErrorCode, UnderstudyError } from './error.js';
export type { Epoch, Incarnation, OrderNum, ReplicaId, Term } from './ids.js';
export type { Coordinator, CoordinatorFactory, Logger, LogLevel, Presence, StateSource, SwapResult } from './ports.js';
export type { Adoption, GroupRecord, Member } from './record.js';
export type { ReplicaStatus, Role } from './replica/events.js';
export type { GroupSettings, MethodEntry, UnderstudyServiceConfig } from './settings.js';
