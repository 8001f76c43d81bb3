/** The streaming handlers that run. */
import { status as Status } from '@grpc/grpc-js';
import {
  type ConnectionId,
  type OrderInfo,
  type Request,
  type SeqNum,
  type StreamItem,
  type StreamName,
  type StreamOutput,
  seqNumOf,
  unreachable,
} from '@understudy/core/internal';
import { itemDigest } from '@understudy/wire';
import type { HandlerRegistry } from '../capture/registry.js';
import type { HandlerValues } from '../determinism/handler-values.js';
import type { HandlerFault } from '../handlers/handler-fault.js';
import { noSuchMethod, outcomeOf } from '../handlers/status.js';
import type { StrayErrors } from '../handlers/stray-errors.js';
import type { HandlerTrace } from '../handlers/tracing.js';
import type { Nest } from './handler-run.js';
import type { OrderedTask } from './step.js';
import { StreamRun } from './stream-run.js';

const CANCELLED = [Status.CANCELLED, 'the call was cancelled'] as const;

export interface StreamRunsOptions {
  readonly registry: HandlerRegistry;
  readonly nest: Nest;
  /** Takes uncaught errors; undefined: the process gets them. */
  readonly strays: StrayErrors | undefined;
  /** The time and the randomness of the handler that this order starts. */
  readonly valuesFrom: (began: OrderInfo) => HandlerValues;
  /** Called with each handler before it is started. */
  readonly onRun: (run: StreamRun) => void;
  readonly onFault: (fault: HandlerFault) => void;
  /** Called when a handler sends something while no message is processed, because it went on by itself. */
  readonly onLate: (output: StreamOutput) => void;
}

/**
 * Runs the handlers of open streams in one life of a replica. What they send belongs to the message that is being
 * processed.
 */
export class StreamRuns {
  readonly #options: StreamRunsOptions;
  readonly #streams = new Map<ConnectionId, Map<SeqNum, StreamRun>>();
  #open = 0;
  /** The items that were sent since the step began; undefined between steps. */
  #outputs: StreamOutput[] | undefined;

  constructor(options: StreamRunsOptions) {
    this.#options = options;
  }

  /** How many streaming handlers run. */
  get open(): number {
    return this.#open;
  }

  /**
   * Begins a step.
   *
   * @returns where what handlers send during the step is gathered
   */
  begin(): readonly StreamOutput[] {
    this.#outputs = [];
    return this.#outputs;
  }

  /** Ends the step whose items `begin` gathers in `outputs`. Items after that belong to no message. */
  finish(outputs: readonly StreamOutput[]): void {
    if (this.#outputs === outputs) this.#outputs = undefined;
  }

  /** Gives a message of a stream to its handler, which takes the next step. */
  deliver(task: OrderedTask, request: Request, peer: string, trace: () => HandlerTrace | undefined): void {
    const { connection } = task.info;
    const { stream: part } = request;
    switch (part?.kind) {
      case 'open': {
        const { stream: _, ...opening } = request;
        return this.#start(task, opening, peer, trace());
      }
      case 'message':
        return this.#get(connection, part.of)?.message(request.message);
      case 'end':
        return this.#get(connection, part.of)?.end();
      case 'cancel':
        return this.#cancel(connection, part.of);
      case 'credit':
        for (const { of, upTo } of part.taken) this.#get(connection, of)?.credit(upTo);
        return;
      case undefined:
        return;
      default:
        return unreachable(part, 'part of a stream');
    }
  }

  /** A handler goes on with its stream under another name. */
  move(from: StreamName, to: StreamName): void {
    const run = this.#get(from.connection, from.stream);
    if (run === undefined) return;
    this.#forget(from);
    run.name = to;
    this.#add(run);
  }

  /** Cancels all handlers, because this life is over. */
  close(): void {
    for (const streams of this.#streams.values())
      for (const run of streams.values()) {
        run.cancel();
        run.trace?.end(...CANCELLED);
      }
    this.#streams.clear();
    this.#open = 0;
  }

  #get(connection: ConnectionId, stream: SeqNum): StreamRun | undefined {
    return this.#streams.get(connection)?.get(stream);
  }

  #start(task: OrderedTask, request: Request, peer: string, trace: HandlerTrace | undefined): void {
    const { registry, nest, valuesFrom, strays, onFault } = this.#options;
    const name = { connection: task.info.connection, stream: seqNumOf(task.info) };
    let run: StreamRun | undefined;
    // The stream may have another name by the time an item comes.
    const onItem = (item: StreamItem): void => this.#onItem(run?.name ?? name, item);
    const captured = registry.get(request.method);
    if (captured === undefined || captured.kind === 'unary') {
      const outcome = outcomeOf(noSuchMethod(request.method));
      onItem({ kind: 'status', outcome });
      trace?.end(outcome.code, outcome.details);
      return;
    }
    const values = valuesFrom(task.info);
    const options = { task, nest, values, strays, trace };
    run = new StreamRun(options, name, { captured, request, peer, onItem, onFault });
    this.#options.onRun(run);
    this.#add(run);
    run.start();
  }

  #add(run: StreamRun): void {
    const { connection, stream } = run.name;
    let streams = this.#streams.get(connection);
    if (streams === undefined) {
      streams = new Map();
      this.#streams.set(connection, streams);
    }
    streams.set(stream, run);
    this.#open++;
  }

  #cancel(connection: ConnectionId, stream: SeqNum): void {
    const run = this.#get(connection, stream);
    run?.cancel();
    run?.trace?.end(...CANCELLED);
    this.#forget({ connection, stream });
  }

  #forget({ connection, stream }: StreamName): void {
    const streams = this.#streams.get(connection);
    if (streams?.delete(stream)) this.#open--;
    if (streams?.size === 0) this.#streams.delete(connection);
  }

  #onItem(name: StreamName, item: StreamItem): void {
    const { connection, stream } = name;
    const output = { connection, stream, item, digest: itemDigest(item) };
    if (this.#outputs === undefined) this.#options.onLate(output);
    else this.#outputs.push(output);
    if (item.kind !== 'status') return;
    const { outcome } = item;
    if (outcome.kind === 'reply') {
      this.#get(connection, stream)?.trace?.end(outcome.code, outcome.details);
    }
    this.#forget(name);
  }
}
