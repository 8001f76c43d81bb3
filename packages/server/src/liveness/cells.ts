/** The memory that the main thread and the liveness thread share. */

/** Integers that the whole process shares. */
export const PROCESS_INTS = 4;
/** The main thread counts its turns here. */
export const TURNS = 0;
/** Whether a blocked main thread ends the process. */
export const ENDS_BLOCKED = 1;
/** The number of the method that was processed last; 0 before the first. */
export const METHOD = 2;
/** Set while the main thread copies or replaces the user's state, which may block it for longer. */
export const COPIES = 3;
/** The order of the last processed message, as a float behind the integers; 0 for a read. */
export const ORDER_AT = PROCESS_INTS * 4;
export const PROCESS_BYTES = ORDER_AT + 8;

/**
 * Each life of a replica has 64-bit cells: one for its duty, one for the thread's last acknowledgement, two for each
 * peer.
 */
export const DUTY = 0;
export const ACKNOWLEDGED = 1;
export const FIRST_PEER = 2;
export const PEER_CELLS = 2;
/** The two cells of a peer: when its thread last answered, and the newest heartbeat that it acknowledged. */
export const ANSWERED = 0;
export const ACKED = 1;
export const PEERS_MAX = 64;
export const LIFE_BYTES = 8 * (FIRST_PEER + PEER_CELLS * PEERS_MAX);

export const DUTY_NONE = 0;
export const DUTY_FOLLOW = 1;
export const DUTY_LEAD = 2;
/** A duty in one cell, so that no reader mixes the kind of one duty with the term of another. */
export const packedDuty = (kind: number, term: number): bigint => (BigInt(term) << 2n) | BigInt(kind);

/** Cells hold times in sixteenths of a millisecond. */
const FRACTIONS = 16;
const TIME_BITS = 43n;
const TIME_MASK = (1n << TIME_BITS) - 1n;
const TERM_MASK = (1n << 20n) - 1n;
/** A backup's promise must not seem older than it is, and a primary's heartbeat not newer. */
export const timeUp = (ms: number): bigint => BigInt(Math.ceil(ms * FRACTIONS));
export const timeDown = (ms: number): bigint => BigInt(Math.floor(ms * FRACTIONS));
export const msOf = (time: bigint): number => Number(time & TIME_MASK) / FRACTIONS;
/** A time with the term to which it belongs, in one cell. */
export const packedTime = (term: number, time: bigint): bigint => ((BigInt(term) & TERM_MASK) << TIME_BITS) | time;
export const isOfTerm = (packed: bigint, term: number): boolean => packed >> TIME_BITS === (BigInt(term) & TERM_MASK);
