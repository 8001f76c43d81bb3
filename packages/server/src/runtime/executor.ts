import type { ServerInterceptor } from '@grpc/grpc-js';
import {
  GrpcStatus,
  type Logger,
  type Outcome,
  type ReplicaEffect,
  type Request,
  STREAMED,
  type StreamOutput,
  type Task,
  UnderstudyError,
} from '@understudy/core';
import { outcomeDigest } from '@understudy/wire';
import {
  type Admission,
  type AdmitResult,
  admit,
  applyChange,
  encodeChange,
  type HandlerFault,
  type HandlerRegistry,
  type RunContext,
  runUnary,
} from '../handlers/index.js';
import type { Activity } from './activity.js';
import type { Calls } from './calls.js';
import type { EventLoop } from './event-loop.js';
import { Rest } from './rest.js';
import { type Step, StreamHandlers } from './stream-handlers.js';
import { OVERLOADED, StreamPassages } from './stream-passages.js';

type Admitted = Extract<AdmitResult, { kind: 'admitted' }>;
type EffectOf<K extends ReplicaEffect['kind']> = Extract<ReplicaEffect, { kind: K }>;

export interface ExecutorOptions {
  readonly loop: EventLoop;
  readonly registry: HandlerRegistry;
  readonly calls: Calls;
  /** The user's. */
  readonly interceptors: readonly ServerInterceptor[];
  readonly activity: Activity;
  /** Most calls that interceptors may hold. */
  readonly admissionsMax: number;
  readonly logger: Logger;
}

/** Runs handlers, and on the primary the user's interceptors around them, in one life of a replica. */
export class Executor {
  readonly #options: ExecutorOptions;
  /** In the request half of the interceptors. */
  readonly #entering = new Map<number, Admission>();
  /** Through it, with their way back. */
  readonly #admitted = new Map<number, Admitted>();
  readonly #onFault = (fault: HandlerFault): void => this.#logFault(fault);
  readonly #streams: StreamHandlers;
  readonly #passages: StreamPassages;
  readonly #rest = new Rest();
  #context: RunContext;

  constructor(options: ExecutorOptions) {
    this.#options = options;
    this.#context = { peer: '', onFault: this.#onFault };
    this.#passages = new StreamPassages({ ...options, onFault: this.#onFault });
    this.#streams = new StreamHandlers({
      registry: options.registry,
      onFault: this.#onFault,
      onLate: (output) => {
        if (!options.loop.closed) options.loop.dispatch({ kind: 'lateItem', output });
      },
    });
  }

  admit(effect: EffectOf<'admit'>): void {
    const { admission, request, peer } = effect;
    if (request.stream !== undefined) {
      this.#passages.admit(effect);
      return;
    }
    const { registry, interceptors, calls, loop } = this.#options;
    const captured = registry.unary(request.method);
    if (captured === undefined) {
      // Its handler's end is that there is none, the same on all replicas.
      loop.dispatch({ kind: 'admitted', admission });
      return;
    }
    if (this.#entering.size >= this.#options.admissionsMax) {
      loop.dispatch({ kind: 'refused', admission, outcome: OVERLOADED });
      return;
    }
    const origin = calls.origin(request);
    const options = { onFault: this.#onFault, ...(origin !== undefined && { origin }) };
    const onResult = (result: AdmitResult): void => this.#onAdmission(admission, request, result);
    this.#entering.set(admission, admit(interceptors, captured, request, peer, onResult, options));
  }

  passItem(effect: EffectOf<'passItem'>): void {
    this.#passages.pass(effect);
  }

  streamGone({ connection, stream }: EffectOf<'streamGone'>): void {
    this.#passages.forget(connection, stream);
  }

  execute({ task, live, admission }: EffectOf<'execute'>): void {
    const admitted = live && admission !== undefined ? this.#admitted.get(admission) : undefined;
    if (admission !== undefined) this.#admitted.delete(admission);
    const request = this.#requestOf(task, admitted);
    if (request === undefined) {
      this.#executed(task, undefined, UNREADABLE_CHANGE);
      return;
    }
    const { activity, registry } = this.#options;
    // Not abandoned when nobody waits any more: that it ended must be known before the state is replaced.
    activity.began();
    if (task.kind === 'ordered' && task.request.stream !== undefined) {
      const step = this.#streams.begin();
      this.#streams.deliver(task, request, task.peer ?? '');
      this.#whenAtRest(step, (outputs) => this.#executed(task, undefined, STREAMED, outputs));
      return;
    }
    // What a unary handler sends on streams belongs to its message too.
    const step = task.kind === 'ordered' && this.#streams.open > 0 ? this.#streams.begin() : undefined;
    runUnary(registry.unary(request.method), request, this.#contextFor(task.peer ?? ''), (outcome) => {
      if (step !== undefined) {
        this.#whenAtRest(step, (outputs) => this.#executed(task, admitted, outcome, outputs));
        return;
      }
      activity.ended();
      this.#executed(task, admitted, outcome);
    });
  }

  #whenAtRest(step: Step, then: (outputs: readonly StreamOutput[]) => void): void {
    this.#rest.after(() => {
      this.#options.activity.ended();
      then(this.#streams.finish(step));
    });
  }

  /** Nothing of this life is waited for any more. */
  close(): void {
    for (const admission of this.#entering.values()) admission.cancel();
    this.forgetAdmissions();
    this.#streams.close();
  }

  /** This replica does not order any more. */
  forgetAdmissions(): void {
    this.#entering.clear();
    this.#admitted.clear();
    this.#passages.close();
  }

  #onAdmission(admission: number, request: Request, result: AdmitResult): void {
    if (!this.#entering.delete(admission)) return;
    const { loop } = this.#options;
    if (result.kind === 'ended') {
      loop.dispatch({ kind: 'refused', admission, outcome: result.outcome });
      return;
    }
    this.#admitted.set(admission, result);
    const { changed } = result;
    if (changed === undefined) loop.dispatch({ kind: 'admitted', admission });
    else loop.dispatch({ kind: 'admitted', admission, determinants: encodeChange(changed, request) });
  }

  /** The request as the interceptors left it; undefined if that cannot be read. */
  #requestOf(task: Task, admitted: Admitted | undefined): Request | undefined {
    if (task.kind === 'read') return admitted?.changed ?? task.request;
    const { determinants } = task.info;
    const part = task.request.stream?.kind;
    // Those of credits and cancellations are the core's own.
    if (determinants === undefined || part === 'credit' || part === 'cancel') return task.request;
    try {
      return applyChange(task.request, determinants);
    } catch (error) {
      if (error instanceof UnderstudyError) return undefined;
      throw error;
    }
  }

  #contextFor(peer: string): RunContext {
    if (this.#context.peer !== peer) this.#context = { peer, onFault: this.#onFault };
    return this.#context;
  }

  #executed(
    task: Task,
    admitted: Admitted | undefined,
    outcome: Outcome,
    outputs: readonly StreamOutput[] = NO_OUTPUTS,
  ): void {
    const { loop } = this.#options;
    if (loop.closed) return;
    // Backups run no interceptors, so what is compared is what the handler did.
    const digest = task.kind === 'read' ? 0 : digestOf(outcome);
    if (admitted === undefined) loop.dispatch({ kind: 'executed', task, outcome, digest, outputs });
    else admitted.finish(outcome, (sent) => loop.dispatch({ kind: 'executed', task, outcome: sent, digest, outputs }));
  }

  #logFault({ kind, path, error }: HandlerFault): void {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#options.logger.log('error', 'a handler failed', { kind, path, error: what });
  }
}

const NO_OUTPUTS: readonly StreamOutput[] = [];

/** Most messages of streams have the same outcome. */
const STREAMED_DIGEST = outcomeDigest(STREAMED);
const digestOf = (outcome: Outcome): number => (outcome === STREAMED ? STREAMED_DIGEST : outcomeDigest(outcome));

/** All replicas read the same bytes, so this is the outcome on all. */
const UNREADABLE_CHANGE: Outcome = {
  code: GrpcStatus.INTERNAL,
  details: 'UNDERSTUDY_MALFORMED: what interceptors changed cannot be read',
};
