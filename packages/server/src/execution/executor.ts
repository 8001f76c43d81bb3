/** Carries out the core's decisions about handlers. */
import type { ServerInterceptor } from '@grpc/grpc-js';
import { callsExpected, containErrors, handle, type StepValues, trackHandlers } from '@understudy/context';
import { type Logger, UnderstudyError } from '@understudy/core';
import {
  type ArmedData,
  type DueTimer,
  type NestedId,
  type NestedReply,
  type Reply,
  type Request,
  STREAMED,
  seqNumOf,
  type Task,
} from '@understudy/core/internal';
import { errorReply, metadataOf } from '@understudy/grpc-common';
import type { NamedTimers } from '../agenda/named-timers.js';
import { OnceRunner } from '../agenda/once.js';
import type { HandlerRegistry } from '../capture/registry.js';
import type { OnEffect } from '../determinism/effect-warnings.js';
import { HandlerValues, type StepClock } from '../determinism/handler-values.js';
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
import { AloneClock, AloneEnds } from './alone.js';
import type { HandlerRun, HandlerRunOptions, Nest } from './handler-run.js';
import { OpenNestedCalls } from './open-nested-calls.js';
import { type AgendaLife, RunAgenda } from './run-agenda.js';
import { SoloRun } from './solo-run.js';
import { digestOf, NO_DIGEST, type OrderedTask, type Step } from './step.js';
import { Steps } from './steps.js';
import { StreamRuns } from './stream-runs.js';
import { runTimer, TimerFunctions } from './timer-functions.js';
import { UnaryRun, type UnaryRunOptions } from './unary-run.js';
import { WaitingRuns } from './waiting-runs.js';

export interface ExecutorOptions {
  readonly loop: EventLoop;
  readonly registry: HandlerRegistry;
  readonly calls: Calls;
  /** The user's own interceptors. */
  readonly interceptors: readonly ServerInterceptor[];
  readonly activity: Activity;
  /** How many calls interceptors may hold at most. */
  readonly admissionsMax: number;
  /** Takes errors that handlers leave uncaught; undefined: the process gets them. */
  readonly strays: StrayErrors | undefined;
  readonly seeds: Seeds;
  /** Whether `Date`, `Math.random` and the others give handlers what the order says. */
  readonly inGlobals: boolean;
  /** Hears which functions of the outside world handlers use in steps. */
  readonly onEffect: OnEffect | undefined;
  /** Whether handlers of a method may wait until other calls wake them. */
  readonly waitsForOthers: (method: string) => boolean;
  /** The time and the randomness that reads get; undefined for the real ones. */
  readonly readValues?: StepValues | undefined;
  /** What the armed timers hold that are data. */
  readonly armedData: () => ArmedData;
  /** The handlers of timers. */
  readonly timers: Pick<NamedTimers, 'get'>;
  readonly logger: Logger;
  /** Puts executions into traces; undefined if there is no tracing. */
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
  readonly #waits: WaitingRuns;
  readonly #functions: TimerFunctions;
  readonly #alone = new AloneEnds();
  readonly #agendaLife: AgendaLife;
  /** The handler that runs alone, in a step that no other handler takes part in. */
  #aloneRun: UnaryRun | undefined;
  /** Whether a handler has put anything off. From then on every step ends when all handlers are at rest. */
  #hasAgenda = false;
  #context: RunContext;

  constructor(options: ExecutorOptions) {
    this.#options = options;
    const { loop, registry, activity, seeds, inGlobals, onEffect, strays, armedData } = options;
    trackHandlers();
    if (strays !== undefined) containErrors();
    this.#context = { peer: '', onFault: this.#onFault };
    this.#admissions = new Admissions({ ...options, onFault: this.#onFault });
    this.#passages = new StreamPassages({ ...options, onFault: this.#onFault });
    this.#streams = new StreamRuns({
      registry,
      nest: this.#nest,
      onRun: (run) => this.#giveAgenda(run),
      valuesFrom: (began) => new HandlerValues({ seeds, inGlobals, onEffect, clock: this.#steps }, began),
      strays,
      onFault: this.#onFault,
      onLate: (output) => loop.dispatch({ kind: 'lateItem', output }),
    });
    this.#steps = new Steps({ loop, streams: this.#streams, activity });
    this.#waits = new WaitingRuns(activity);
    this.#nested = new OpenNestedCalls({ loop, steps: this.#steps, activity });
    this.#functions = new TimerFunctions(loop);
    this.#agendaLife = {
      ...{ loop, steps: this.#steps, nested: this.#nested, functions: this.#functions, effects: new OnceRunner() },
      armedData,
      stepOf: (run) => this.#stepOf(run),
      placeBehind: (run) => this.#placeBehind(run),
    };
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

  streamMoved({ from, to }: EffectOf<'streamMoved'>): void {
    this.#streams.move(from, to);
  }

  execute({ task, live, admission }: EffectOf<'execute'>): void {
    const taken = admission === undefined ? undefined : this.#admissions.take(admission);
    const admitted = live ? taken : undefined;
    const request = this.#requestOf(task, admitted);
    if (request === undefined) this.#executed(task, undefined, UNREADABLE_CHANGE);
    else if (task.kind === 'read') this.#read(task, request, admitted, live);
    else if (request.reply !== undefined) this.#deliver(task, request.reply);
    else if (request.timer !== undefined) this.#ring(task, request, request.timer);
    else if (request.stream !== undefined) this.#stepOfStream(task, request, live);
    else if (this.#takesSteps(request.method)) this.#runInStep(task, request, admitted, this.#traceOf(request, live));
    else this.#runAlone(task, request, admitted, this.#traceOf(request, live));
  }

  sendNested({ caller, again }: EffectOf<'sendNested'>): void {
    this.#nested.send(caller, again);
  }

  dropNested({ id }: EffectOf<'dropNested'>): void {
    this.#nested.drop(id);
  }

  dropTimer({ id }: EffectOf<'dropTimer'>): void {
    this.#functions.clear(id);
  }

  /** Gives a task up. Its handler still runs, and the state may not be replaced before that handler has ended. */
  abandonTask({ task }: EffectOf<'abandonTask'>): void {
    if (this.#aloneRun?.task === task) this.#aloneRun.abandon();
    this.#steps.abandon(task);
  }

  /** Ends every handler that is open or waits, because a newer copy of the state takes their place. */
  forgetHandlers(): void {
    this.#steps.close();
    this.#streams.close();
    this.#waits.close();
    this.#functions.close();
    this.#nested.close();
  }

  /** Ends everything, because this life is over. The event loop is closed by then. */
  close(): void {
    this.#admissions.cancel();
    this.#passages.close();
    this.forgetHandlers();
  }

  /** Ends the calls that interceptors hold, because this replica no longer orders anything. */
  forgetAdmissions(): void {
    this.#admissions.forget();
    this.#passages.close();
  }

  /** Whether a call's step may concern other handlers, or may end before its own does. */
  #takesSteps(method: string): boolean {
    if (this.#streams.open > 0 || this.#waits.size > 0 || this.#hasAgenda) return true;
    return callsExpected() || this.#options.waitsForOthers(method);
  }

  /** Runs the handler of a read. */
  #read(task: Task, request: Request, admitted: Admitted | undefined, live: boolean): void {
    const { activity, registry } = this.#options;
    const trace = this.#traceOf(request, live);
    const solo = new SoloRun(this.#options, task, trace);
    let isFirstPart = true;
    activity.began();
    solo.running = handle(solo, () =>
      runUnary(registry.unary(request.method), request, this.#contextFor(task.peer ?? ''), (outcome) => {
        activity.ended();
        trace?.end(outcome.code, outcome.details);
        this.#executed(task, admitted, outcome, isFirstPart);
      }),
    );
    isFirstPart = false;
  }

  /**
   * Runs a handler on its own: no other handler waits for anything. If it puts something off, its step becomes one like
   * all others.
   */
  #runAlone(
    task: OrderedTask,
    request: Request,
    admitted: Admitted | undefined,
    trace: HandlerTrace | undefined,
  ): void {
    const { activity, registry } = this.#options;
    const alone = new AloneClock(task.info.timeMs, this.#steps);
    let isFirstPart = true;
    const onEnd = (ended: UnaryRun, outcome: Reply): void => {
      activity.ended();
      trace?.end(outcome.code, outcome.details);
      if (ended.alone === undefined) {
        this.#steps.ended(ended, outcome);
        return;
      }
      this.#alone.add(alone);
      this.#executed(task, admitted, outcome, isFirstPart);
    };
    const run = this.#newRun(task, { admitted, waitsForOthers: false, alone, onEnd }, alone, trace);
    activity.began();
    this.#aloneRun = run;
    const context = this.#contextFor(task.peer ?? '');
    handle(run, () => run.start(registry.unary(request.method), request, context));
    isFirstPart = false;
  }

  #newRun(
    task: OrderedTask,
    { admitted, waitsForOthers, alone, onEnd }: Omit<UnaryRunOptions, keyof HandlerRunOptions | 'name'>,
    clock: StepClock,
    trace: HandlerTrace | undefined,
  ): UnaryRun {
    const { seeds, inGlobals, onEffect, strays } = this.#options;
    const name = { connection: task.info.connection, seqNum: seqNumOf(task.info) };
    const values = new HandlerValues({ seeds, inGlobals, onEffect, clock }, task.info);
    // Every call comes through here, so this makes one object of the options instead of copying parts of them.
    const options = { task, name, nest: this.#nest, values, strays, trace, admitted, waitsForOthers, alone, onEnd };
    const run = new UnaryRun(options);
    this.#giveAgenda(run);
    return run;
  }

  #giveAgenda(run: HandlerRun): void {
    run.values.agenda = new RunAgenda(run, this.#agendaLife);
  }

  #stepOf(run: HandlerRun): Step | undefined {
    this.#hasAgenda = true;
    const step = this.#steps.running;
    if (step !== undefined) return run.mayCall(step.run === run) ? step : undefined;
    if (run !== this.#aloneRun || this.#aloneRun.alone === undefined) return undefined;
    const { outcome, isAbandoned, task } = this.#aloneRun;
    if (outcome !== undefined || isAbandoned || this.#options.loop.closed) return undefined;
    const { alone } = this.#aloneRun;
    this.#aloneRun.alone = undefined;
    this.#steps.begin(task, { called: this.#aloneRun });
    alone.ownMs = undefined;
    return this.#steps.running;
  }

  /** A handler that ran alone has replied. Whatever it still does in the same turn is part of its own step. */
  #placeBehind(run: HandlerRun): NestedId | undefined {
    if (run !== this.#aloneRun || this.#aloneRun.alone?.ownMs === undefined) return undefined;
    return { orderNum: run.orderNum, index: this.#aloneRun.behind++ };
  }

  /** Runs a handler in a tick of its own, so that its results do not depend on where the message came from. */
  #runInStep(
    task: OrderedTask,
    request: Request,
    admitted: Admitted | undefined,
    trace: HandlerTrace | undefined,
    captured = this.#options.registry.unary(request.method),
  ): void {
    const { activity, loop } = this.#options;
    const waitsForOthers = request.timer === undefined && this.#options.waitsForOthers(request.method);
    activity.began();
    const onEnd = (ended: UnaryRun, outcome: Reply): void => {
      ended.trace?.end(outcome.code, outcome.details);
      this.#steps.ended(ended, outcome);
      if (!waitsForOthers || this.#waits.ended(ended)) activity.ended();
    };
    const run = this.#newRun(task, { admitted, waitsForOthers, alone: undefined, onEnd }, this.#steps, trace);
    if (waitsForOthers) this.#waits.add(run);
    this.#steps.begin(task, { called: run });
    const context = this.#contextFor(task.peer ?? '');
    process.nextTick(() => {
      if (loop.closed) activity.ended();
      else handle(run, () => run.start(captured, request, context));
    });
  }

  /** The time of a timer has come. */
  #ring(task: OrderedTask, request: Request, timer: DueTimer): void {
    if (timer.kind !== 'raw') {
      const captured = this.#options.timers.get(timer.name);
      if (captured === undefined) this.#unknown(task, 'a timer is due that has no handler here', { name: timer.name });
      else this.#runInStep(task, request, undefined, undefined, captured);
      return;
    }
    const due = this.#functions.take(timer.id);
    if (due === undefined) {
      this.#unknown(task, 'a timer is due that no handler here has armed', { ...timer.id });
      return;
    }
    this.#steps.begin(task, { asker: due.run });
    runTimer(due);
  }

  /** This replica lacks the handler or call that a message is for, so it differs from the others. */
  #unknown(task: OrderedTask, event: string, fields: Record<string, string | number>): void {
    const { loop, logger } = this.#options;
    logger.log('error', event, fields);
    loop.dispatch({ kind: 'executed', task, outcome: STREAMED, digest: NO_DIGEST });
  }

  #stepOfStream(task: OrderedTask, request: Request, live: boolean): void {
    this.#steps.begin(task, {});
    const waiting =
      request.stream?.kind === 'cancel' ? this.#waits.get(task.info.connection, request.stream.of) : undefined;
    if (waiting !== undefined) waiting.cancel();
    else this.#streams.deliver(task, request, task.peer ?? '', () => this.#traceOf(request, live));
  }

  #deliver(task: OrderedTask, { to, outcome }: NestedReply): void {
    const call = this.#nested.take(to);
    if (call === undefined) {
      this.#unknown(task, 'a reply came to a call that no handler here has made', { ...to });
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
    // Backups run no interceptors, so digests compare the outcomes of handlers.
    const digest = task.kind === 'read' ? 0 : digestOf(outcome);
    if (admitted === undefined) loop.dispatch({ kind: 'executed', task, outcome, digest, atOnce });
    else admitted.finish(outcome, (sent) => loop.dispatch({ kind: 'executed', task, outcome: sent, digest, atOnce }));
  }

  #logFault({ kind, path, error }: HandlerFault): void {
    // The user's logger may read clocks, and those reads are not the handler's.
    const fields = { kind, path, error: textOfError(error) };
    handle(undefined, () => this.#options.logger.log('error', 'a handler failed', fields));
  }
}

/** All replicas read the same bytes, so this is the outcome on all of them. */
const UNREADABLE_CHANGE = errorReply(
  'UNDERSTUDY_MALFORMED',
  'the change that interceptors made to the request cannot be read',
);
