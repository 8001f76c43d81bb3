/** Ids and counters of the protocol. Each has a type of its own, so that none can be passed for another. */

declare const brand: unique symbol;
type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** The version of a group's record. It grows by one with every change (PacificA's configuration number). */
export type Epoch = Brand<number, 'Epoch'>;
/**
 * The number of a primary's period of office. It grows by one with every change of primary; messages of an older term
 * are refused.
 */
export type Term = Brand<number, 'Term'>;
/** A position in the group's processing order: 1, 2, 3 … ([0097]); 0 is before the first. */
export type OrderNum = Brand<number, 'OrderNum'>;
/** The number of a message on its connection: 1, 2, 3 … ([0096]). */
export type SeqNum = Brand<number, 'SeqNum'>;
/**
 * The kind of a connection says who numbers its messages. `session`: a client with our interceptor numbers its own.
 * `plain`: a primary numbers the calls of plain clients, on one connection for each of its lives. `group`: a primary
 * numbers the messages that the group itself brings into its order, such as replies to nested calls.
 */
export type ConnectionKind = 'session' | 'plain' | 'group';
/** A multicast connection `C` ([0020]): its kind, and 16 bytes as 32 lower-case hexadecimal digits. */
export type ConnectionId<K extends ConnectionKind = ConnectionKind> = {
  [Kind in K]: Brand<`${Kind}:${string}`, 'ConnectionId'>;
}[K];
/** The name that an operator gives to a replica, unique in its group. */
export type ReplicaId = Brand<string, 'ReplicaId'>;
/** One life of a replica: 16 random bytes as 32 hexadecimal digits. Renewed whenever state may have been lost. */
export type Incarnation = Brand<string, 'Incarnation'>;
/**
 * The digest of a body, `BODY_DIGEST_BYTES` bytes as lower-case hexadecimal digits. An order names its body by it, so
 * nobody may be able to find two bodies that have the same.
 */
export type BodyDigest = Brand<string, 'BodyDigest'>;
/** A client's link to this replica: a number that the adapter chose and never uses again in this process. */
export type LinkId = Brand<number, 'LinkId'>;
/** A call that waits in this process, such as an RPC: a number that the adapter chose and never uses again. */
export type CallId = Brand<number, 'CallId'>;

export const connectionId = <K extends ConnectionKind>(kind: K, hex: string): ConnectionId<K> =>
  `${kind}:${hex}` as ConnectionId<K>;

export const connectionKind = (id: ConnectionId): ConnectionKind => id.slice(0, id.indexOf(':')) as ConnectionKind;

/** Finding two bodies with the same digest of 20 bytes takes about 2^80 tries. */
export const BODY_DIGEST_BYTES = 20;

/** The 16 bytes of a connection, as 32 hexadecimal digits. */
export const connectionHex = (id: ConnectionId): string => id.slice(id.indexOf(':') + 1);

export const NO_ORDER = 0 as OrderNum;
export const NO_SEQ = 0 as SeqNum;
export const NO_TERM = 0 as Term;
export const NO_EPOCH = 0 as Epoch;

export const next = <T extends OrderNum | SeqNum | Term | Epoch>(value: T): T => (value + 1) as T;
export const maxOf = <T extends number>(a: T, b: T): T => (a > b ? a : b);
export const minOf = <T extends number>(a: T, b: T): T => (a < b ? a : b);

const HEX_16_BYTES = /^[0-9a-f]{32}$/;
export const isHexId = (text: unknown): text is string => typeof text === 'string' && HEX_16_BYTES.test(text);
