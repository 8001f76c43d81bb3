import {
  type ConnectionId,
  type OrderInfo,
  type ReplicaEvent,
  type SeqNum,
  type StreamItem,
  type StreamOutput,
  type StreamPart,
  seqNumOf,
  unreachable,
} from '@understudy/core/internal';
import { hashText, textOf } from '@understudy/core/testing';
import type { History } from '../../checks/history.js';
import type { Choices } from '../../draw/choices.js';
import type { Plan } from '../../plan/plan.js';
import { type Ledger, readRequest } from '../../services/ledger.js';
import { StreamHandler } from '../../services/stream-handler.js';
import { itemDigest, type Opening, TO_ALL } from '../../services/streamed.js';
import { Randomness } from '../../services/values.js';
import { demand } from '../../violation.js';
import type { OrderedTask } from './nested-handlers.js';

/** In runs with broadcasts, one operation in this many sends an item on every stream. */
const TOLD_TO_ALL = 3;

/** The life that the handlers belong to, as far as they use it. */
export interface StreamHandlersLife {
  readonly name: string;
  readonly world: {
    readonly plan: Pick<Plan, 'streams'>;
    readonly choices: Choices;
    readonly history: Pick<History, 'byName'>;
  };
  readonly service: Ledger;
  /** Another life began. */
  readonly isOver: boolean;
  /** The handler of an operation is run. */
  processes(name: string): void;
  asks(name: string, info: OrderInfo, random: Randomness): void;
  readonly nested: { aside(task: OrderedTask, name: string): void };
  goOnLater(run: () => void): void;
  step(event: ReplicaEvent): void;
}

/** The handlers of open streams in one life of a replica, as the server runs them. */
export class StreamHandlers {
  readonly #life: StreamHandlersLife;
  readonly #handlers = new Map<string, StreamHandler>();
  /** Late handlers that will soon go on. */
  readonly #going = new Set<StreamHandler>();
  /** Items that were sent in the present step; undefined between steps. */
  #outputs: StreamOutput[] | undefined;

  constructor(life: StreamHandlersLife) {
    this.#life = life;
  }

  /** How many handlers live. */
  get open(): number {
    return this.#handlers.size;
  }

  /**
   * Processes a part of a stream.
   *
   * @returns the items that its handler sent
   */
  deliver(task: OrderedTask, part: StreamPart): readonly StreamOutput[] {
    return this.#step(() => {
      const { connection } = task.info;
      const seqNum = seqNumOf(task.info);
      switch (part.kind) {
        case 'open':
          return this.#open(task);
        case 'message':
          return this.#message(task, part.of, part.position);
        case 'end': {
          const handler = this.#get(connection, part.of);
          if (handler === undefined || handler.ended) return;
          handler.halfClose(part.position);
          this.#settle(connection, part.of, handler);
          return;
        }
        case 'cancel':
          this.#handlers.delete(keyOf(connection, part.of));
          return;
        case 'credit':
          for (const { of, upTo } of part.taken) {
            const handler = this.#get(connection, of);
            handler?.credit(upTo, creditName(connection, seqNum));
            if (handler !== undefined) this.#settle(connection, of, handler);
          }
          return;
        default:
          return unreachable(part, 'part of a stream');
      }
    });
  }

  /** An operation was processed. In some runs it sends an item on every stream. */
  tellAll(name: string, answer: string, but?: StreamHandler): readonly StreamOutput[] {
    const told = this.#life.world.plan.streams?.broadcasts && hashText(name) % TOLD_TO_ALL === 0;
    if (!told) return NOTHING;
    return this.#step(() => {
      for (const [key, handler] of [...this.#handlers]) {
        if (handler === but || handler.ended || handler.opening.kind !== 'bidi') continue;
        handler.write(name, TO_ALL + answer);
        this.#settle(...idsOf(key), handler);
      }
    });
  }

  /** The name under which items cite the order of a part that is no operation. */
  nameOf(connection: ConnectionId, seqNum: SeqNum, part: StreamPart): string | undefined {
    switch (part.kind) {
      case 'open':
      case 'message':
        return undefined;
      case 'end':
        return `${this.#get(connection, part.of)?.name}.end`;
      case 'cancel':
        return `${this.#get(connection, part.of)?.name}.cancel`;
      case 'credit':
        return creditName(connection, seqNum);
      default:
        return unreachable(part, 'part of a stream');
    }
  }

  /** A checkpoint is restored, which holds no knowledge of handlers. */
  clear(): void {
    this.#handlers.clear();
  }

  #open(task: OrderedTask): void {
    const { connection } = task.info;
    const seqNum = seqNumOf(task.info);
    const { name, input } = readRequest(task.request.message);
    const opening = JSON.parse(input) as Opening;
    const { service } = this.#life;
    const emit = (item: StreamItem): void => this.#emit(connection, seqNum, item);
    const handler = new StreamHandler(name, opening, service, emit, new Randomness(task.info));
    this.#handlers.set(keyOf(connection, seqNum), handler);
    const answer = this.#run(task, name, JSON.stringify(opening.input), handler.random);
    handler.start(answer);
    this.#settle(connection, seqNum, handler);
    this.tellAll(name, answer, handler);
  }

  #message(task: OrderedTask, of: SeqNum, position: number): void {
    const { connection } = task.info;
    const handler = this.#get(connection, of);
    // The handler ended without waiting for this message.
    if (handler === undefined || handler.ended) return;
    const { name, input } = readRequest(task.request.message);
    const operation = this.#life.world.history.byName.get(name);
    demand(
      operation?.place?.stream === handler.name && operation.place.position === position,
      () => `${this.#life.name} gives ${name} to ${handler.name} as message ${position}`,
    );
    const answer = this.#run(task, name, input, handler.random);
    handler.message(name, position, answer);
    this.#settle(connection, of, handler);
    this.tellAll(name, answer, handler);
  }

  #run(task: OrderedTask, name: string, input: string, random: Randomness): string {
    this.#life.processes(name);
    this.#life.asks(name, task.info, random);
    const answer = textOf(this.#life.service.run(name, input).message);
    this.#life.nested.aside(task, name);
    return answer;
  }

  #get(connection: ConnectionId, of: SeqNum): StreamHandler | undefined {
    return this.#handlers.get(keyOf(connection, of));
  }

  /** Some of the ready items leave with this step, the rest later. A handler that is over is forgotten. */
  #settle(connection: ConnectionId, of: SeqNum, handler: StreamHandler): void {
    const { choices } = this.#life.world;
    if (handler.goesOn && choices.chance(0.3)) handler.goOn(1 + choices.below(3));
    const key = keyOf(connection, of);
    if (handler.over) this.#handlers.delete(key);
    else if (handler.goesOn) this.#goOnLater(key, handler);
  }

  #goOnLater(key: string, handler: StreamHandler): void {
    if (this.#going.has(handler)) return;
    this.#going.add(handler);
    this.#life.goOnLater(() => {
      this.#going.delete(handler);
      if (this.#handlers.get(key) !== handler) return;
      handler.goOn(1 + this.#life.world.choices.below(4));
      if (handler.over) this.#handlers.delete(key);
      else if (handler.goesOn) this.#goOnLater(key, handler);
    });
  }

  #step(act: () => void): readonly StreamOutput[] {
    const outer = this.#outputs;
    const outputs = outer ?? [];
    this.#outputs = outputs;
    act();
    this.#outputs = outer;
    return outputs;
  }

  #emit(connection: ConnectionId, stream: SeqNum, item: StreamItem): void {
    if (this.#life.isOver) return;
    const output = { connection, stream, item, digest: itemDigest(item) };
    if (this.#outputs === undefined) this.#life.step({ kind: 'lateItem', output });
    else this.#outputs.push(output);
  }
}

const NOTHING: readonly StreamOutput[] = [];

const keyOf = (connection: ConnectionId, stream: SeqNum): string => `${connection}/${stream}`;

function idsOf(key: string): [ConnectionId, SeqNum] {
  const [connection = '', stream = ''] = key.split('/');
  return [connection as ConnectionId, Number(stream) as SeqNum];
}

/** The name of a credit's order, for the items that leave because there is room again. */
export const creditName = (connection: ConnectionId, seqNum: SeqNum): string => `${connection}#${seqNum}`;
