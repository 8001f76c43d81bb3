import type { ConnectionId, OrderNum, SeqNum } from '../../model/ids.js';
import { seqNumOf } from '../../model/order-info.js';
import { type Reply, STREAMED, WAITS } from '../../model/outcome.js';
import type { StreamItem, StreamName, StreamOutput, StreamPart } from '../../model/stream.js';
import type { ReplicaEvent, Task } from '../../replica/state/events.js';
import { bytesOf, hashText, short, textOf } from '../text.js';
import { NestedService } from './nested-service.js';

/** A waiting handler, and its request. */
interface WaitingHandler {
  readonly connection: ConnectionId;
  readonly seqNum: SeqNum;
  readonly text: string;
}

type Executed = Extract<ReplicaEvent, { kind: 'executed' }>;

const STATUS_OK: StreamItem = { kind: 'status', outcome: { kind: 'reply', code: 0, details: 'OK' } };
const replyOf = (said: string): Reply => ({ kind: 'reply', code: 0, details: '', message: bytesOf(said) });
const statusTo = (name: StreamName, digest = 0): StreamOutput => ({ ...name, item: STATUS_OK, digest });

/** `large-20000`: a reply of this many bytes. */
function largeReply(text: string): string | undefined {
  const size = /^large-(\d+)$/.exec(text)?.[1];
  return size === undefined ? undefined : 'x'.repeat(Number(size));
}

/**
 * The service of a scenario: it appends each text that it is asked to append, and answers with the number of entries.
 */
export class Service {
  state: readonly string[] = [];
  /** The mark that its code writes behind each entry; another version writes another one. */
  mark = '';
  /** Streams with a live handler. */
  #streams: readonly StreamName[] = [];
  nested = new NestedService();
  /** Handlers of `wait…`, which a later `wake…` ends. */
  #waiting: readonly WaitingHandler[] = [];

  /**
   * Runs the handler of a task to its end, or until it waits for others.
   *
   * @param diverges makes it answer differently from the services of other replicas
   */
  execute(task: Task, diverges: boolean): ReplicaEvent[] {
    const append = (entry: string): number => {
      this.state = [...this.state, `${entry}${this.mark}`];
      return this.state.length;
    };
    if (task.kind === 'ordered') {
      const events = this.nested.execute(task, this.state.length, append);
      if (events !== undefined) return events;
      const { stream } = task.request;
      const timed = executeTimed(task, append);
      if (timed !== undefined) return timed;
      const waits = this.#executeWait(task, append);
      if (waits !== undefined) return [waits];
      if (stream !== undefined) return [this.#executePart(task, stream, append, diverges)];
    }
    const text = short(textOf(task.request.message));
    const reply = task.kind === 'read' ? this.#read(text) : (largeReply(text) ?? `${text}=${append(text)}`);
    const said = diverges ? `${reply}?` : reply;
    const outcome = { kind: 'reply', code: 0, details: '', message: bytesOf(said) } as const;
    return [{ kind: 'executed', task, outcome, digest: hashText(said) }];
  }

  #read(text: string): string {
    return largeReply(text) ?? (this.state.join(' ') || 'nothing');
  }

  /** @returns undefined if the task has nothing to do with handlers that wait for others */
  #executeWait(task: Extract<Task, { kind: 'ordered' }>, append: (entry: string) => number): Executed | undefined {
    const { request, info } = task;
    const { connection } = info;
    const text = textOf(request.message);
    if (request.stream === undefined && /^(held-)?wait/.test(text)) {
      this.#waiting = [...this.#waiting, { connection, seqNum: seqNumOf(info), text }];
      return { kind: 'executed', task, outcome: WAITS, digest: hashText(text) };
    }
    const { stream: part } = request;
    const given = (one: WaitingHandler): boolean =>
      part?.kind === 'cancel' && one.connection === connection && one.seqNum === part.of;
    const woken = part === undefined && text.startsWith('wake') ? this.#waiting : this.#waiting.filter(given);
    if (woken.length === 0) return undefined;
    this.#waiting = this.#waiting.filter((one) => !woken.includes(one));
    const finished = woken.map(({ text: waited, ...name }) => {
      const said = `${waited}:${part === undefined ? text : 'gone'}`;
      return { ...name, outcome: replyOf(`${said}=${append(said)}`) };
    });
    const outcome = part === undefined ? replyOf(`${text}=${woken.length}`) : STREAMED;
    return { kind: 'executed', task, outcome, digest: hashText(`${text}${woken.length}`), finished };
  }

  /**
   * The handler of a stream answers each message and ends when its client does. A message `@…` is answered on every open
   * stream.
   */
  #executePart(
    task: Extract<Task, { kind: 'ordered' }>,
    part: StreamPart,
    append: (entry: string) => number,
    diverges: boolean,
  ): Executed {
    const { connection } = task.info;
    const isNamed = (name: StreamName): boolean =>
      name.connection === connection && 'of' in part && name.stream === part.of;
    const own = this.#streams.filter(isNamed);
    const text = short(textOf(task.request.message));
    let outputs: StreamOutput[] = [];
    switch (part.kind) {
      case 'open':
        this.#streams = [...this.#streams, { connection, stream: seqNumOf(task.info) }];
        break;
      case 'message': {
        if (own.length === 0) break;
        const said = `${text}=${append(text)}${diverges ? '?' : ''}`;
        const item = { kind: 'message', message: bytesOf(said) } as const;
        const to = text.startsWith('@') ? this.#streams : own;
        outputs = to.map((name) => ({ ...name, item, digest: hashText(said) }));
        break;
      }
      case 'end':
        outputs = own.map((name) => statusTo(name));
        this.#streams = this.#streams.filter((name) => !isNamed(name));
        break;
      case 'cancel':
        this.#streams = this.#streams.filter((name) => !isNamed(name));
        break;
      case 'credit':
        break;
    }
    // If a handler differs when its client has ended, it sends the same status, and only its digest shows that.
    const did = diverges && part.kind === 'end' ? `${text}?` : text;
    return { kind: 'executed', task, outcome: STREAMED, digest: hashText(did), outputs };
  }

  streamMoved(from: StreamName, to: StreamName): void {
    const isFormer = ({ connection, stream }: StreamName): boolean =>
      connection === from.connection && stream === from.stream;
    this.#streams = this.#streams.map((name) => (isFormer(name) ? to : name));
  }

  /** @returns what the handlers of all open streams send when they end on their own */
  endStreams(diverges: boolean): StreamOutput[] {
    const ending = this.#streams;
    this.#streams = [];
    return ending.map((name) => statusTo(name, diverges ? 1 : 0));
  }

  forgetHandlers(): void {
    this.#streams = [];
    this.#waiting = [];
    this.nested = new NestedService();
  }

  /** @returns the copy, in one chunk for each entry if it is cut */
  checkpoint(isCut: boolean): Uint8Array[] {
    if (!isCut) return [bytesOf(this.state.join(' '))];
    return this.state.map((entry, i) => bytesOf(i === 0 ? entry : ` ${entry}`));
  }

  /** @param shuffles puts the entries into another order */
  restore(checkpoint: readonly Uint8Array[], shuffles = false): void {
    const text = checkpoint.map(textOf).join('');
    this.state = text === '' ? [] : text.split(' ');
    if (shuffles) this.state = [...this.state].reverse();
  }

  /** Changes the first entry. No later reply shows that. */
  alter(): void {
    this.state = this.state.map((entry, i) => (i === 0 ? `${entry}!` : entry));
  }
}

/**
 * The handlers of `later100-a`, `again100-a` and `after100-a` arm a timer; that of `stop3.0` clears the one that was armed
 * at order 3.
 *
 * @returns undefined if the task has nothing to do with timers
 */
function executeTimed(
  task: Extract<Task, { kind: 'ordered' }>,
  append: (entry: string) => number,
): ReplicaEvent[] | undefined {
  const { request, info } = task;
  const text = textOf(request.message);
  const executed = (said: string): ReplicaEvent => ({
    ...{ kind: 'executed', task, outcome: replyOf(said), digest: hashText(said) },
  });
  if (request.timer !== undefined) {
    const { timer } = request;
    const said = timer.kind === 'raw' ? `ran-${timer.id.orderNum}` : `${timer.name}${text}`;
    append(said);
    return [executed(said)];
  }
  if (request.stream !== undefined) return undefined;
  const [, stopped] = /^stop(\d+)/.exec(text) ?? [];
  if (stopped !== undefined) {
    const id = { orderNum: Number(stopped) as OrderNum, index: 0 };
    return [{ kind: 'timerCleared', id }, executed(`${text}=${append(text)}`)];
  }
  const [, how, ms] = /^(later|again|after)(\d+)/.exec(text) ?? [];
  if (ms === undefined) return undefined;
  const delayMs = Number(ms);
  const armed = { id: { orderNum: info.orderNum, index: 0 }, delayMs, dueMs: info.timeMs + delayMs };
  const timer =
    how === 'after'
      ? ({ ...armed, kind: 'after', name: 'expire', payload: bytesOf(`:${text}`) } as const)
      : ({ ...armed, kind: 'raw', repeats: how === 'again' } as const);
  return [{ kind: 'timerSet', timer }, executed(`${text}=${append(text)}`)];
}
