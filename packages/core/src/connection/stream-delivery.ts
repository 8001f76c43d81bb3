/** The delivery of a stream to its client: which items were sent, and which the client has. */

import type { CallId } from '../model/ids.js';

/** Cursors over a stream's history, for the session's present link or for the RPC. */
export class StreamDelivery {
  /** Items up to this one were sent. */
  sentUpTo = 0;
  /** Items up to this one leave only when stable, because the client asked for that. */
  stableOnlyUpTo = 0;
  /** The client was told that the handler has taken its messages up to this position. */
  toldHandledUpTo = 0;
  /** The client said that it has items up to this one. A handler that began anew may not have sent them yet. */
  receivedUpTo = 0;
  /** The RPC of a plain client. */
  call: CallId | undefined;
  /** How many messages and ends the RPC has brought. */
  arrived = 0;
}
