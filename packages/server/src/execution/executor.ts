/** Carries out the core's decisions about handlers. */
import type { ServerInterceptor } from '@grpc/grpc-js';
import { callsExpected, containErrors, handle, trackHandlers } from '@understudy/context';
import { type Logger, UnderstudyError } from '@understudy/core';
import { type NestedReply, type Reply, type Request, STREAMED, seqNumOf, type Task } from '@understudy/core/internal';
import { errorReply, metadataOf } from '@understudy/grpc-common';
import type { HandlerRegistry } from '../capture/registry.js';
import { HandlerValues } from '../determinism/handler-values.js';
import type { Seeds } from '../determinism/seeds.js';
import { type HandlerFault, textOfError } from '../handlers/handler-fault.js';
import { type RunContext, runUnary } from '../handlers/run-unary.js';
import type { StrayErrors } from '../handlers/stray-errors.js';
import type { HandlerTrace, HandlerTracing } from '../handlers/tracing.js';
import type { Calls } from '../intake/calls.js';
import { Admissions, type Admitted } from '../interception/admissions.js';
import { applyChange } from '../interception/change.js';
import { StreamPassages } from '../interception/stream-passages.js';
import type { Activity } from '../loop/activity.js';
import type { EffectOf, EventLoop } from '../loop/event-loop.js';
import type { Nest } from './handler-run.js';
import { OpenNestedCalls } from './open-nested-calls.js';
import { SoloEnds, SoloRun } from './solo-run.js';
import { digestOf, NO_DIGEST, type OrderedTask } from './step.js';
import { Steps } from './steps.js';
import { StreamRuns } from './stream-runs.js';
import { UnaryRun } from './unary-run.js';

export interface ExecutorOptions {
  readonly loop: EventLoop;
  readonly registry: HandlerRegistry;
  readonly calls: Calls;
  /** The user's own interceptors. */
  readonly interceptors: readonly ServerInterceptor[];
  readonly activity: Activity;
  /** How many calls interceptors may hold at most. */
  readonly admissionsMax: number;
  /** Takes errors that handlers leave to nobody; undefined: they are the process's. */
  readonly strays: StrayErrors | undefined;
  readonly seeds: Seeds;
  /** Whether `Date`, `Math.random` and the others give handlers what the order says. */
  readonly inGlobals: boolean;
  readonly logger: Logger;
  /** Puts executions into traces; undefined: nobody does. */
  readonly tracing: HandlerTracing | undefined;
}

/** Runs handlers, and on the primary the user's interceptors around them, in one life of a replica. */
export class Executor {
  readonly #options: ExecutorOptions;
  readonly #onFault = (fault: HandlerFault): void => this.#logFault(fault);
  readonly #admissions: Admissions;
  readonly #passages: StreamPassages;
  readonly #streams: StreamRuns;
  readonly #steps: Steps;
  readonly #nested: OpenNestedCalls;
  readonly #nest: Nest = (...call) => this.#nested.make(...call);
  readonly #solos = new SoloEnds();
  #context: RunContext;

  constructor(options: ExecutorOptions) {
    this.#options = options;
    const { loop, registry, activity, seeds, inGlobals, strays } = options;
    trackHandlers();
    if (strays !== undefined) containErrors();
    this.#context = { peer: '', onFault: this.#onFault };
    this.#admissions = new Admissions({ ...options, onFault: this.#onFault });
    this.#passages = new StreamPassages({ ...options, onFault: this.#onFault });
    this.#streams = new StreamRuns({
      registry,
      nest: this.#nest,
      valuesFrom: (began) => new HandlerValues({ seeds, inGlobals, clock: this.#steps }, began),
      strays,
      onFault: this.#onFault,
      onLate: (output) => loop.dispatch({ kind: 'lateItem', output }),
    });
    this.#steps = new Steps({ loop, streams: this.#streams, activity });
    this.#nested = new OpenNestedCalls({ loop, steps: this.#steps, activity });
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
    else if (task.kind === 'read') this.#run(task, request, admitted, live);
    else if (request.reply !== undefined) this.#deliver(task, request.reply);
    else if (request.stream !== undefined) this.#stepOfStream(task, request, live);
    else if (this.#streams.open > 0 || callsExpected()) this.#runInStep(task, request, admitted, live);
    else this.#run(task, request, admitted, live);
  }

  sendNested({ caller }: EffectOf<'sendNested'>): void {
    this.#nested.send(caller);
  }

  /** Gives a task up. Its handler still runs, and the state may not be replaced before that handler has ended. */
  abandonTask({ task }: EffectOf<'abandonTask'>): void {
    this.#steps.abandon(task);
  }

  /** Ends every handler that is open or waits, because a newer copy of the state takes their place. */
  forgetHandlers(): void {
    this.#steps.close();
    this.#streams.close();
    this.#nested.close();
  }

  /** Ends everything, because this life is over. The event loop is closed by then. */
  close(): void {
    this.#admissions.cancel();
    this.#passages.close();
    this.#steps.close();
    this.#streams.close();
    this.#nested.close();
  }

  /** Ends what interceptors hold, because this replica does not order any more. */
  forgetAdmissions(): void {
    this.#admissions.forget();
    this.#passages.close();
  }

  /** Runs a handler on its own: no other handler waits for anything, and this one cannot call others. */
  #run(task: Task, request: Request, admitted: Admitted | undefined, live: boolean): void {
    const { activity, registry } = this.#options;
    const trace = this.#traceOf(request, live);
    const solo = new SoloRun(this.#options, task, trace);
    let isFirstPart = true;
    activity.began();
    solo.running = handle(solo, () =>
      runUnary(registry.unary(request.method), request, this.#contextFor(task.peer ?? ''), (outcome) => {
        activity.ended();
        trace?.end(outcome.code, outcome.details);
        this.#solos.add(solo);
        this.#executed(task, admitted, outcome, isFirstPart);
      }),
    );
    isFirstPart = false;
  }

  /** Runs a handler in a tick of its own, so that what comes of it does not depend on where the message came from. */
  #runInStep(task: OrderedTask, request: Request, admitted: Admitted | undefined, live: boolean): void {
    const { activity, registry, loop, seeds, inGlobals, strays } = this.#options;
    const name = { connection: task.info.connection, seqNum: seqNumOf(task.info) };
    activity.began();
    const onEnd = (ended: UnaryRun, outcome: Reply): void => {
      ended.trace?.end(outcome.code, outcome.details);
      this.#steps.ended(ended, outcome);
      activity.ended();
    };
    const values = new HandlerValues({ seeds, inGlobals, clock: this.#steps }, task.info);
    const run = new UnaryRun({
      ...{ task, name, admitted, nest: this.#nest, values, strays, onEnd },
      trace: this.#traceOf(request, live),
    });
    this.#steps.begin(task, { called: run });
    const context = this.#contextFor(task.peer ?? '');
    process.nextTick(() => {
      if (loop.closed) activity.ended();
      else handle(run, () => run.start(registry.unary(request.method), request, context));
    });
  }

  #stepOfStream(task: OrderedTask, request: Request, live: boolean): void {
    this.#steps.begin(task, {});
    this.#streams.deliver(task, request, task.peer ?? '', () => this.#traceOf(request, live));
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

  /** The request as the interceptors left it; undefined if their change cannot be read. */
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

  #traceOf({ method, metadata }: Request, live: boolean): HandlerTrace | undefined {
    return this.#options.tracing?.begin({ path: method, metadata: metadataOf(metadata), live });
  }

  #contextFor(peer: string): RunContext {
    if (this.#context.peer !== peer) this.#context = { peer, onFault: this.#onFault };
    return this.#context;
  }

  #executed(task: Task, admitted: Admitted | undefined, outcome: Reply, atOnce = false): void {
    const { loop } = this.#options;
    if (loop.closed) return;
    // Backups run no interceptors, so digests compare what handlers did.
    const digest = task.kind === 'read' ? 0 : digestOf(outcome);
    if (admitted === undefined) loop.dispatch({ kind: 'executed', task, outcome, digest, atOnce });
    else admitted.finish(outcome, (sent) => loop.dispatch({ kind: 'executed', task, outcome: sent, digest, atOnce }));
  }

  #logFault({ kind, path, error }: HandlerFault): void {
    // What a logger of the user's reads of clocks is not the handler's.
    const fields = { kind, path, error: textOfError(error) };
    handle(undefined, () => this.#options.logger.log('error', 'a handler failed', fields));
  }
}

/** All replicas read the same bytes, so this is the outcome on all of them. */
const UNREADABLE_CHANGE = errorReply(
  'UNDERSTUDY_MALFORMED',
  'the change that interceptors made to the request cannot be read',
);
