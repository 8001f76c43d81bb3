import type { Message } from '../../../connection/message.js';
import type { Stream } from '../../../connection/stream.js';
import type { OrderNum } from '../../../model/ids.js';
import type { Reply } from '../../../model/outcome.js';
import type { Work } from '../../../scheduling/scheduler.js';

/** What a replica notes so that messages of death are found, and so that others are not taken for them (DESIGN 5.14). */
export class DeathNotes {
  /** What was processed in this term after the death of a primary, by name: the first order of each. */
  readonly survived = new Map<string, OrderNum>();
  /** The call that this primary has ordered and not started yet. */
  ordered: Extract<Work, { kind: 'call' }> | undefined;
  /** The messages whose handlers made nested calls, by the order in which each made some, while any call is open. */
  readonly callersAt = new Map<OrderNum, Message>();
  /** Streams of which a message was passed over. The next replica that serves ends them. */
  readonly ended = new Map<Stream, Reply>();
}
