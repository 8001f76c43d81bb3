import type { Message } from '../../../connection/message.js';
import type { Stream } from '../../../connection/stream.js';
import type { OrderNum } from '../../../model/ids.js';
import type { Reply } from '../../../model/outcome.js';
import type { Work } from '../../../scheduling/scheduler.js';

/** A message whose handler may go on later, and how users recognise it when it is forgotten. */
export interface HandlerBegin {
  readonly message: Message;
  readonly method: string;
  readonly digest: string;
}

const CALLERS_MAX = 65_536;
const SURVIVED_MAX = 16_384;

/** What a replica notes so that messages of death are found, and so that others are not taken for them (DESIGN 5.14). */
export class DeathNotes {
  /** What was processed in this term after the death of a primary, by name: the first order of each. */
  survived = new Map<string, OrderNum>();
  /** The same for the term before, which a successor judges by. */
  survivedBefore: ReadonlyMap<string, OrderNum> = new Map();
  /** The call that this primary has ordered and not started yet. */
  ordered: Extract<Work, { kind: 'call' }> | undefined;
  /** The messages whose handlers made nested calls or armed timers, by the order in which they did, while any is open. */
  readonly callersAt = new Map<OrderNum, HandlerBegin>();
  /** Streams of which a message was passed over. The next replica that serves ends them. */
  readonly ended = new Map<Stream, Reply>();

  /** The first message of a name in this term that was completed. What is not noted is started with care again. */
  noteSurvived(name: string, orderNum: OrderNum): void {
    if (this.survived.size < SURVIVED_MAX && !this.survived.has(name)) this.survived.set(name, orderNum);
  }

  newTerm(): void {
    this.survivedBefore = this.survived;
    this.survived = new Map();
  }

  /** The oldest makes room: a handler that is passed over later is then left waiting. */
  noteCaller(orderNum: OrderNum, caller: HandlerBegin): void {
    const oldest = this.callersAt.size < CALLERS_MAX ? undefined : this.callersAt.keys().next().value;
    if (oldest !== undefined) this.callersAt.delete(oldest);
    this.callersAt.set(orderNum, caller);
  }
}
