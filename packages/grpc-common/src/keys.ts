/** The metadata keys that clients and servers of this library exchange. */
export { CODE_KEY, EFFECT_KEY, ORDER_NUM_KEY } from '@understudy/core/internal';

/** All keys of our own begin with this; a handler never sees one. */
export const OWN_PREFIX = 'understudy-';

/** Carries the header of an RPC's request and of its reply ([0078]'s piggyback). */
export const HEADER_KEY = 'understudy-header-bin';

/** Names a call that a group makes while it processes a message: which group calls, and at which place in its order. */
export const CALLER_KEY = 'understudy-nested-bin';

/**
 * Accompanies a header: the deadline as the caller set it, in milliseconds since the epoch by the caller's clock. Backups
 * get the same number in a frame; gRPC itself tells the primary only how much time is left.
 */
export const DEADLINE_KEY = 'understudy-deadline';

/**
 * Accompanies a header, in front of keys that the channel's own call credentials set anew for each RPC, such as a token.
 * The primary uses the value that was set aside, because the backups get that one.
 */
export const ASIDE_PREFIX = 'understudy-aside-';

/** Names a call of a client without our interceptor, so that a retry with the same key takes effect once. */
export const IDEMPOTENCY_KEY = 'idempotency-key';

/** Trailer of a refusal: the address of the primary, if the refusing replica knows it. */
export const PRIMARY_KEY = 'understudy-primary';

/** Trailer of a refusal: in how many milliseconds a gRPC library that retries the call by itself does so (gRFC A6). */
export const PUSHBACK_KEY = 'grpc-retry-pushback-ms';

/** Names the replica of the target that a call must go to. The client's picker removes it before the call leaves. */
export const SLOT_KEY = 'understudy-slot';
