import type { ServerInterceptor } from '@grpc/grpc-js';
import { callsExpected, handle } from '@understudy/context';
import { type Logger, UnderstudyError } from '@understudy/core';
import {
  GrpcStatus,
  type NestedReply,
  type ReplicaEffect,
  type Reply,
  type Request,
  STREAMED,
  seqNumOf,
  type Task,
} from '@understudy/core/internal';
import { applyChange, type HandlerFault, type HandlerRegistry, type RunContext, runUnary } from '../handlers/index.js';
import type { Activity } from './activity.js';
import { Admissions, type Admitted } from './admissions.js';
import type { Calls } from './calls.js';
import type { EventLoop } from './event-loop.js';
import type { Nest } from './handler-run.js';
import { NestedCalls } from './nested-calls.js';
import { digestOf, NO_DIGEST, type OrderedTask } from './step.js';
import { Steps } from './steps.js';
import { StreamHandlers } from './stream-handlers.js';
import { StreamPassages } from './stream-passages.js';
import { UnaryRun } from './unary-run.js';

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
  readonly #onFault = (fault: HandlerFault): void => this.#logFault(fault);
  readonly #admissions: Admissions;
  readonly #passages: StreamPassages;
  readonly #streams: StreamHandlers;
  readonly #steps: Steps;
  readonly #nested: NestedCalls;
  readonly #nest: Nest = (...call) => this.#nested.make(...call);
  #context: RunContext;

  constructor(options: ExecutorOptions) {
    this.#options = options;
    const { loop, registry, activity } = options;
    this.#context = { peer: '', onFault: this.#onFault };
    this.#admissions = new Admissions({ ...options, onFault: this.#onFault });
    this.#passages = new StreamPassages({ ...options, onFault: this.#onFault });
    this.#streams = new StreamHandlers({
      registry,
      nest: this.#nest,
      onFault: this.#onFault,
      onLate: (output) => loop.dispatch({ kind: 'lateItem', output }),
    });
    this.#steps = new Steps({ loop, streams: this.#streams, activity });
    this.#nested = new NestedCalls({ loop, steps: this.#steps, activity });
  }

  admit(effect: EffectOf<'admit'>): void {
    if (effect.request.stream === undefined) this.#admissions.admit(effect);
    else this.#passages.admit(effect);
  }

  dropAdmission({ admission }: EffectOf<'dropAdmission'>): void {
    this.#admissions.drop(admission);
  }

  passItem(effect: EffectOf<'passItem'>): void {
    this.#passages.pass(effect);
  }

  streamGone({ connection, stream }: EffectOf<'streamGone'>): void {
    this.#passages.forget(connection, stream);
  }

  execute({ task, live, admission }: EffectOf<'execute'>): void {
    const taken = admission === undefined ? undefined : this.#admissions.take(admission);
    const admitted = live ? taken : undefined;
    const request = this.#requestOf(task, admitted);
    if (request === undefined) this.#executed(task, undefined, UNREADABLE_CHANGE);
    else if (task.kind === 'read') this.#run(task, request, admitted);
    else if (request.reply !== undefined) this.#deliver(task, request.reply);
    else if (request.stream !== undefined) this.#stepOfStream(task, request);
    else if (this.#streams.open > 0 || callsExpected()) this.#runInStep(task, request, admitted);
    else this.#run(task, request, admitted);
  }

  sendNested({ caller }: EffectOf<'sendNested'>): void {
    this.#nested.send(caller);
  }

  /** The handler still runs: that it ended must be known before the state is replaced. */
  abandonTask({ task }: EffectOf<'abandonTask'>): void {
    this.#steps.abandon(task);
  }

  /** Nothing of this life is waited for any more; the event loop is closed. */
  close(): void {
    this.#admissions.cancel();
    this.#passages.close();
    this.#steps.close();
    this.#streams.close();
    this.#nested.close();
  }

  /** This replica does not order any more. */
  forgetAdmissions(): void {
    this.#admissions.forget();
    this.#passages.close();
  }

  /** Nothing but this handler is concerned: no other waits for anything, and it asks nobody. */
  #run(task: Task, request: Request, admitted: Admitted | undefined): void {
    const { activity, registry } = this.#options;
    activity.began();
    runUnary(registry.unary(request.method), request, this.#contextFor(task.peer ?? ''), (outcome) => {
      activity.ended();
      this.#executed(task, admitted, outcome);
    });
  }

  /** In a tick of its own, so that what comes of it does not depend on where the message came from. */
  #runInStep(task: OrderedTask, request: Request, admitted: Admitted | undefined): void {
    const { activity, registry, loop } = this.#options;
    const name = { connection: task.info.connection, seqNum: seqNumOf(task.info) };
    activity.began();
    const onEnd = (ended: UnaryRun, outcome: Reply): void => {
      this.#steps.ended(ended, outcome);
      activity.ended();
    };
    const run = new UnaryRun({ name, admitted, nest: this.#nest, onEnd });
    this.#steps.begin(task, { called: run });
    const context = this.#contextFor(task.peer ?? '');
    process.nextTick(() => {
      if (loop.closed) activity.ended();
      else handle(run, () => run.start(registry.unary(request.method), request, context));
    });
  }

  #stepOfStream(task: OrderedTask, request: Request): void {
    this.#steps.begin(task, {});
    this.#streams.deliver(task, request, task.peer ?? '');
  }

  #deliver(task: OrderedTask, { to, outcome }: NestedReply): void {
    const call = this.#nested.take(to);
    if (call === undefined) {
      const { loop, logger } = this.#options;
      logger.log('error', 'a reply came to a call that no handler here has made', { ...to });
      loop.dispatch({ kind: 'executed', task, outcome: STREAMED, digest: NO_DIGEST });
      return;
    }
    this.#steps.begin(task, { asker: call.run });
    call.give(outcome);
  }

  /** The request as the interceptors left it; undefined if that cannot be read. */
  #requestOf(task: Task, admitted: Admitted | undefined): Request | undefined {
    if (task.kind === 'read') return admitted?.changed ?? task.request;
    if (task.info.kind !== 'call' || task.info.determinants?.kind !== 'change') return task.request;
    try {
      return applyChange(task.request, task.info.determinants.change);
    } catch (error) {
      if (error instanceof UnderstudyError) return undefined;
      throw error;
    }
  }

  #contextFor(peer: string): RunContext {
    if (this.#context.peer !== peer) this.#context = { peer, onFault: this.#onFault };
    return this.#context;
  }

  #executed(task: Task, admitted: Admitted | undefined, outcome: Reply): void {
    const { loop } = this.#options;
    if (loop.closed) return;
    // Backups run no interceptors, so what is compared is what the handler did.
    const digest = task.kind === 'read' ? 0 : digestOf(outcome);
    if (admitted === undefined) loop.dispatch({ kind: 'executed', task, outcome, digest });
    else admitted.finish(outcome, (sent) => loop.dispatch({ kind: 'executed', task, outcome: sent, digest }));
  }

  #logFault({ kind, path, error }: HandlerFault): void {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#options.logger.log('error', 'a handler failed', { kind, path, error: what });
  }
}

/** All replicas read the same bytes, so this is the outcome on all. */
const UNREADABLE_CHANGE: Reply = {
  kind: 'reply',
  code: GrpcStatus.INTERNAL,
  details: 'UNDERSTUDY_MALFORMED: what interceptors changed cannot be read',
};
