import type { ConnectionId, SeqNum } from '../../model/ids.js';
import { seqNumOf } from '../../model/order-info.js';
import { STREAMED } from '../../model/outcome.js';
import type { StreamItem, StreamOutput, StreamPart } from '../../model/stream.js';
import type { ReplicaEvent, Task } from '../../replica/state/events.js';
import { bytesOf, hashText, short, textOf } from '../text.js';
import { NestedService } from './nested-service.js';

/** A stream by the connection and the message that opened it. */
interface StreamName {
  readonly connection: ConnectionId;
  readonly stream: SeqNum;
}

type Executed = Extract<ReplicaEvent, { kind: 'executed' }>;

const STATUS_OK: StreamItem = { kind: 'status', outcome: { kind: 'reply', code: 0, details: 'OK' } };
const statusTo = (name: StreamName): StreamOutput => ({ ...name, item: STATUS_OK, digest: 0 });

/** The service of a scenario: it appends what it is asked to, and says how many entries there are. */
export class Service {
  state: readonly string[] = [];
  /** Its code writes this behind each entry: another version writes something else. */
  mark = '';
  /** Streams whose handlers live. */
  #streams: readonly StreamName[] = [];
  nested = new NestedService();

  /**
   * The handler of a task runs to its end, or until it waits for others.
   *
   * @param diverges it answers something else than the services of other replicas
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
      if (stream !== undefined) return [this.#executePart(task, stream, append)];
    }
    const text = short(textOf(task.request.message));
    const reply = task.kind === 'read' ? this.state.join(' ') || 'nothing' : `${text}=${append(text)}`;
    const said = diverges ? `${reply}?` : reply;
    const outcome = { kind: 'reply', code: 0, details: '', message: bytesOf(said) } as const;
    return [{ kind: 'executed', task, outcome, digest: hashText(said) }];
  }

  /**
   * The handler of a stream answers each message and ends when its client does. A message `@…` is answered on every open
   * stream.
   */
  #executePart(
    task: Extract<Task, { kind: 'ordered' }>,
    part: StreamPart,
    append: (entry: string) => number,
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
        const said = `${text}=${append(text)}`;
        const item = { kind: 'message', message: bytesOf(said) } as const;
        const to = text.startsWith('@') ? this.#streams : own;
        outputs = to.map((name) => ({ ...name, item, digest: hashText(said) }));
        break;
      }
      case 'end':
        outputs = own.map(statusTo);
        this.#streams = this.#streams.filter((name) => !isNamed(name));
        break;
      case 'cancel':
        this.#streams = this.#streams.filter((name) => !isNamed(name));
        break;
      case 'credit':
        break;
    }
    return { kind: 'executed', task, outcome: STREAMED, digest: hashText(text), outputs };
  }

  /** @returns what the handlers of all open streams send when they end by themselves */
  endStreams(): StreamOutput[] {
    const ending = this.#streams;
    this.#streams = [];
    return ending.map(statusTo);
  }

  forgetHandlers(): void {
    this.#streams = [];
    this.nested = new NestedService();
  }

  /** In chunks, if it is cut: one for each entry. */
  checkpoint(isCut: boolean): Uint8Array[] {
    if (!isCut) return [bytesOf(this.state.join(' '))];
    return this.state.map((entry, i) => bytesOf(i === 0 ? entry : ` ${entry}`));
  }

  restore(checkpoint: readonly Uint8Array[]): void {
    const text = checkpoint.map(textOf).join('');
    this.state = text === '' ? [] : text.split(' ');
  }
}
