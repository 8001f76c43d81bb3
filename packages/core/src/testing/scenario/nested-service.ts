import type { MessageName } from '../../connection/callers.js';
import { type NestedId, sameNested } from '../../model/nested.js';
import { seqNumOf } from '../../model/order-info.js';
import { type Reply, STREAMED, WAITS } from '../../model/outcome.js';
import type { ReplicaEvent, Task } from '../../replica/state/events.js';
import { bytesOf, hashText, textOf } from '../text.js';

/** A task that has a place in the order. */
type OrderedTask = Extract<Task, { kind: 'ordered' }>;

/** A call that a handler made. */
interface Asked {
  readonly id: NestedId;
  readonly text: string;
  /** The message whose handler waits for the reply; undefined if that handler has ended. */
  readonly waits: MessageName | undefined;
}

/**
 * The calls of a scenario's service to other services. The handler of `ask…` waits for the reply and answers with it,
 * that of `askTwice…` waits for two replies; the handler of `note…` answers at once, and notes the reply when it comes.
 */
export class NestedService {
  /** Calls that were sent and have no reply yet. */
  readonly sent: NestedId[] = [];
  readonly #asked: Asked[] = [];

  /**
   * @param entries how many entries the service has
   * @param append adds an entry, and says how many there are then
   * @returns undefined if the task has nothing to do with other services
   */
  execute(task: OrderedTask, entries: number, append: (entry: string) => number): ReplicaEvent[] | undefined {
    const { request, info } = task;
    if (request.reply !== undefined) return this.#told(task, request.reply.to, request.reply.outcome, append);
    const text = textOf(request.message);
    if (!/^(ask|note)/.test(text) || request.stream !== undefined) return undefined;
    const { connection, orderNum } = info;
    const waits = text.startsWith('ask') ? { connection, seqNum: seqNumOf(info) } : undefined;
    const ids = (text.startsWith('askTwice') ? [0, 1] : [0]).map((index) => ({ orderNum, index }));
    for (const id of ids) this.#asked.push({ id, text, waits });
    const outcome = waits === undefined ? outcomeOf(`${text}=${entries}`) : WAITS;
    return [
      ...ids.map((id) => ({ kind: 'nestedCall', id }) as const),
      { kind: 'executed', task, outcome, digest: hashText(text) },
    ];
  }

  #told(
    task: OrderedTask,
    to: NestedId,
    { message, details }: Reply,
    append: (entry: string) => number,
  ): ReplicaEvent[] {
    const index = this.#asked.findIndex(({ id }) => sameNested(id, to));
    const [asked] = index < 0 ? [] : this.#asked.splice(index, 1);
    const said = `${asked?.text ?? 'nobody'}:${textOf(message) || details}`;
    const outcome = outcomeOf(`${said}=${append(said)}`);
    const isLast = !this.#asked.some(({ waits }) => waits !== undefined && waits === asked?.waits);
    const finished = asked?.waits === undefined || !isLast ? [] : [{ ...asked.waits, outcome }];
    return [{ kind: 'executed', task, outcome: STREAMED, digest: hashText(said), finished }];
  }
}

const outcomeOf = (said: string): Reply => ({ kind: 'reply', code: 0, details: '', message: bytesOf(said) });
