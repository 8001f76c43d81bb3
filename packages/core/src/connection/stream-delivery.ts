import type { CallId } from '../model/ids.js';

/** How far a stream's client was served: cursors over its history, on the session's present link or on the RPC. */
export class StreamDelivery {
  /** Items up to here were sent. */
  sentUpTo = 0;
  /** Items up to here leave only when they are stable: the client asked so. */
  stableOnlyUpTo = 0;
  /** The client was told that the handler has taken its messages up to this position. */
  toldHandledUpTo = 0;
  /** The client has said that it has items up to here; a handler that begins anew may not have sent them yet. */
  receivedUpTo = 0;
  /** The RPC of a client without our interceptor. */
  call: CallId | undefined;
  /** Positions that the RPC has brought. */
  arrived = 0;
}
