/** `setTimeout` and its kin, which in a step put a function off to a place in the order. */
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers';
import timersPromises from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Agenda, realOf } from '@understudy/context';
import { replaceMethod, seenStep } from './replace.js';
import { stepDelay } from './step-delay.js';
import { StepTimeout, timeoutNamed } from './step-timeout.js';

type TimerCallback = (...args: unknown[]) => unknown;
type SetTimer = (callback: TimerCallback, delayMs?: number, ...args: unknown[]) => unknown;
type SetImmediate = (callback: TimerCallback, ...args: unknown[]) => unknown;
type Clear = (timer?: unknown) => void;
interface PromiseOptions {
  readonly signal?: AbortSignal;
}
type Sleep = (delayMs?: number, value?: unknown, options?: PromiseOptions) => Promise<unknown>;

const SETTING = ['setTimeout', 'setInterval', 'setImmediate'] as const;
const CLEARING = ['clearTimeout', 'clearInterval', 'clearImmediate'] as const;

const agenda = (): Agenda | undefined => seenStep()?.agenda;

export function replaceTimers(): void {
  const root: object = globalThis;
  replaceMethod<SetTimer>(root, 'setTimeout', (real) => withPromise(timerLike(real, false), 'setTimeout'));
  replaceMethod<SetTimer>(root, 'setInterval', (real) => timerLike(real, true));
  replaceMethod<SetImmediate>(root, 'setImmediate', (real) => withPromise(immediateLike(real), 'setImmediate'));
  for (const name of CLEARING) replaceMethod<Clear>(root, name, clearLike);
  for (const name of [...SETTING, ...CLEARING]) {
    const made = globalThis[name];
    // A test framework may have replaced either of the two.
    if (timers[name] === realOf(made)) Object.defineProperty(timers, name, { value: made });
  }
  replacePromises();
  replaceMethod<(delayMs: number) => AbortSignal>(AbortSignal, 'timeout', abortingLike);
  syncBuiltinESMExports();
}

const timerLike = (real: SetTimer, repeats: boolean): SetTimer =>
  function setTimer(this: unknown, callback, delayMs, ...args) {
    const later = typeof callback === 'function' ? agenda() : undefined;
    const step = later && stepDelay(delayMs, repeats ? 'setInterval' : 'setTimeout');
    if (later === undefined || step === undefined) return real.call(this, callback, delayMs, ...args);
    const made = StepTimeout.arm(later, () => Reflect.apply(callback, made, args), step, repeats);
    return made ?? real.call(this, callback, delayMs, ...args);
  };

const immediateLike = (real: SetImmediate): SetImmediate =>
  function setImmediate(this: unknown, callback, ...args) {
    const later = typeof callback === 'function' ? agenda() : undefined;
    const made = later && StepTimeout.soon(later, () => callback(...args));
    return made ?? real.call(this, callback, ...args);
  };

const clearLike = (real: Clear): Clear =>
  function clear(this: unknown, timer) {
    const own = timer instanceof StepTimeout ? timer : timeoutNamed(timer);
    if (own === undefined) real.call(this, timer);
    else own.close();
  };

/** What `util.promisify` makes of a timer is the function of `timers/promises`. */
function withPromise<F extends object>(made: F, name: 'setTimeout' | 'setImmediate'): F {
  return Object.defineProperty(made, promisify.custom, { enumerable: true, get: () => timersPromises[name] });
}

function replacePromises(): void {
  replaceMethod<Sleep>(
    timersPromises,
    'setTimeout',
    (real) =>
      function setTimeout(delayMs, value, options) {
        const later = agenda();
        return later === undefined ? real(delayMs, value, options) : sleep(later, delayMs, value, options);
      },
  );
  replaceMethod<(value?: unknown, options?: PromiseOptions) => Promise<unknown>>(
    timersPromises,
    'setImmediate',
    (real) =>
      function setImmediate(value, options) {
        const later = agenda();
        return later === undefined ? real(value, options) : sleep(later, undefined, value, options);
      },
  );
  replaceMethod<(delayMs?: number, value?: unknown, options?: PromiseOptions) => AsyncIterable<unknown>>(
    timersPromises,
    'setInterval',
    (real) =>
      function setInterval(delayMs, value, options) {
        const later = agenda();
        return later === undefined ? real(delayMs, value, options) : beats(later, delayMs, value, options);
      },
  );
  const { scheduler } = timersPromises;
  const prototype: object = Object.getPrototypeOf(scheduler);
  replaceMethod<(this: unknown, delayMs: number, options?: PromiseOptions) => Promise<unknown>>(
    prototype,
    'wait',
    (real) =>
      function wait(delayMs, options) {
        const later = agenda();
        return later === undefined ? real.call(this, delayMs, options) : sleep(later, delayMs, undefined, options);
      },
  );
  replaceMethod<(this: unknown) => Promise<unknown>>(
    prototype,
    'yield',
    (real) =>
      function yieldTurn() {
        const later = agenda();
        return later === undefined ? real.call(this) : sleep(later, undefined, undefined, undefined);
      },
  );
}

/** @param delayMs undefined: until the next turn */
function sleep(
  later: Agenda,
  delayMs: number | undefined,
  value: unknown,
  options: PromiseOptions | undefined,
): Promise<unknown> {
  const { signal } = options ?? {};
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(abortError(signal));
      return;
    }
    const done = (): void => {
      signal?.removeEventListener('abort', onAbort);
      resolve(value);
    };
    const timer =
      delayMs === undefined
        ? StepTimeout.soon(later, done)
        : StepTimeout.arm(later, done, stepDelay(delayMs, 'setTimeout') ?? 1, false);
    function onAbort(): void {
      timer?.close();
      if (signal !== undefined) reject(abortError(signal));
    }
    if (timer === undefined) setTimeout(done, delayMs);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

async function* beats(
  later: Agenda,
  delayMs: number | undefined,
  value: unknown,
  options: PromiseOptions | undefined,
): AsyncGenerator<unknown> {
  const { signal } = options ?? {};
  if (signal?.aborted) throw abortError(signal);
  let missed = 0;
  let wake = (): void => {};
  const timer = StepTimeout.arm(
    later,
    () => {
      missed++;
      wake();
    },
    stepDelay(delayMs, 'setInterval') ?? 1,
    true,
  );
  const onAbort = (): void => wake();
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    for (;;) {
      if (missed === 0 && signal?.aborted !== true) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      if (signal?.aborted) throw abortError(signal);
      for (; missed > 0; missed--) yield value;
    }
  } finally {
    timer?.close();
    signal?.removeEventListener('abort', onAbort);
  }
}

const abortError = (signal: AbortSignal): Error =>
  Object.assign(new Error('The operation was aborted', { cause: signal.reason }), {
    name: 'AbortError',
    code: 'ABORT_ERR',
  });

const abortingLike = (real: (delayMs: number) => AbortSignal): ((delayMs: number) => AbortSignal) =>
  function timeout(this: unknown, delayMs) {
    const later = agenda();
    const step = later && stepDelay(delayMs, 'AbortSignal.timeout');
    if (later === undefined || step === undefined) return real.call(this, delayMs);
    const controller = new AbortController();
    const abort = (): void =>
      controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'));
    return StepTimeout.arm(later, abort, step, false) === undefined ? real.call(this, delayMs) : controller.signal;
  };
