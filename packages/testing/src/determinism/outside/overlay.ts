/** Gives instances their surroundings through the ordinary functions, as long as a check runs. */
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers';
import timersPromises from 'node:timers/promises';
import { REAL, type RunningStep } from '@understudy/context';
import { type Environment, surroundings } from './environment.js';
import { HELD_FROM_MS, HeldTimer } from './held-timers.js';

type AnyFunction = (this: unknown, ...args: never[]) => unknown;
type Undo = () => void;

/** Where the server's packages keep the sources of the time and the randomness that code is to see. */
const SOURCES = Symbol.for('@understudy/server/steps');

let users = 0;
let undos: Undo[] = [];

/** @returns removes the replacements, once no other check needs them */
export function installOverlay(): Undo {
  if (users++ === 0) undos = [giveValues(), ...replaceTimers()];
  syncBuiltinESMExports();
  let isOff = false;
  return () => {
    if (isOff) return;
    isOff = true;
    if (--users > 0) return;
    for (const undo of undos.reverse()) undo();
    undos = [];
    syncBuiltinESMExports();
  };
}

/** Replaces the value of a property. Our functions find the earlier value by `REAL`. */
function put(target: object, name: string, value: object, before: object): Undo {
  const property = Object.getOwnPropertyDescriptor(target, name);
  if (property === undefined) return () => {};
  Object.defineProperty(value, REAL, { value: before, configurable: true });
  Object.defineProperty(target, name, { ...property, value });
  return () => {
    if ((target as Record<string, unknown>)[name] === value) Object.defineProperty(target, name, property);
  };
}

/** @param use what the function gives to an instance; all other code gets the real result */
function replace<F extends AnyFunction>(
  target: object,
  name: string,
  use: (environment: Environment, before: F, args: Parameters<F>, self: unknown) => unknown,
): Undo {
  const before = (target as Record<string, F | undefined>)[name];
  if (typeof before !== 'function') return () => {};
  const made = function (this: unknown, ...args: Parameters<F>): unknown {
    const environment = surroundings();
    return environment === undefined ? before.apply(this, args) : use(environment, before, args, this);
  };
  for (const key of ['name', 'length']) {
    Object.defineProperty(made, key, {
      value: (before as unknown as Record<string, unknown>)[key],
      configurable: true,
    });
  }
  for (const key of Object.getOwnPropertySymbols(before)) {
    const property = Object.getOwnPropertyDescriptor(before, key);
    if (key !== REAL && property !== undefined) Object.defineProperty(made, key, property);
  }
  return put(target, name, made, before);
}

/** Clocks and random functions ask the sources in this list what to give, also those that a module has taken aside. */
function giveValues(): Undo {
  const sources = (crypto as { [SOURCES]?: (() => RunningStep | undefined)[] })[SOURCES] ?? [];
  const source = (): RunningStep | undefined => surroundings()?.values;
  sources.push(source);
  return () => {
    sources.splice(sources.indexOf(source), 1);
  };
}

function replaceTimers(): Undo[] {
  return [
    replace<(delayMs?: number, value?: unknown, options?: Signalled) => Promise<unknown>>(
      timersPromises,
      'setTimeout',
      (environment, before, [delayMs = 1, value, options], self) =>
        delayMs < HELD_FROM_MS
          ? before.call(self, delayMs, value, options)
          : held(environment, delayMs, options).then(() => value),
    ),
    replace<(delayMs?: number, value?: unknown, options?: Signalled) => AsyncIterable<unknown>>(
      timersPromises,
      'setInterval',
      (environment, _before, [delayMs = 1, value, options]) => heldBeats(environment, delayMs, value, options),
    ),
    ...[globalThis, timers].flatMap((target) => [
      ...(['setTimeout', 'setInterval'] as const).map((name) =>
        replace<(run: (...args: unknown[]) => void, delayMs?: number, ...args: unknown[]) => unknown>(
          target,
          name,
          (environment, before, given, self) => {
            const [run, delayMs = 1, ...args] = given;
            const repeats = name === 'setInterval';
            if (typeof run !== 'function' || (!repeats && delayMs < HELD_FROM_MS)) return before.apply(self, given);
            return environment.timers.set(() => run(...args), delayMs, repeats);
          },
        ),
      ),
      ...(['clearTimeout', 'clearInterval'] as const).map((name) => replaceClear(target, name)),
    ]),
  ];
}

function replaceClear(target: object, name: 'clearTimeout' | 'clearInterval'): Undo {
  const before = (target as typeof globalThis)[name] as (timer?: unknown) => void;
  const made = function (this: unknown, timer?: unknown): void {
    if (timer instanceof HeldTimer) timer.close();
    else before.call(this, timer);
  };
  return put(target, name, made, before);
}

interface Signalled {
  readonly signal?: AbortSignal;
}

/** Resolves when the check fires a timer with this delay. */
const held = (environment: Environment, delayMs: number, { signal }: Signalled = {}): Promise<void> =>
  new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const timer = environment.timers.set(() => resolve(), delayMs, false);
    signal?.addEventListener('abort', () => {
      timer.close();
      reject(signal.reason);
    });
  });

async function* heldBeats(environment: Environment, delayMs: number, value: unknown, options?: Signalled) {
  for (;;) {
    await held(environment, delayMs, options);
    yield value;
  }
}
