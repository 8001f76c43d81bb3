/** `Date`, `performance`, `process.hrtime` and `Intl.DateTimeFormat`, which give a step's time within it. */
import { realOf } from '@understudy/context';
import { disguise, replaceGetter, replaceMethod, seenStep } from './replace.js';

export function replaceTime(): void {
  replaceDate();
  const clock: object = Object.getPrototypeOf(performance);
  // Together they are the time since 1970, as outside of a step.
  replaceMethod<() => number>(
    clock,
    'now',
    (real) =>
      function now(this: unknown) {
        return seenStep()?.timeMs ?? real.call(this);
      },
  );
  replaceGetter<number>(
    clock,
    'timeOrigin',
    (real) =>
      function timeOrigin(this: unknown) {
        return seenStep() === undefined ? real.call(this) : 0;
      },
  );
  replaceHrtime();
  replaceFormat();
}

type Hrtime = (this: unknown, before?: [number, number]) => [number, number];

const NS_PER_S = 1e9;

/** In a step it counts from 1970, so the difference between two steps is that between their times. */
function replaceHrtime(): void {
  const { bigint } = process.hrtime;
  replaceMethod<Hrtime>(
    process,
    'hrtime',
    (real) =>
      function hrtime(this: unknown, before) {
        const timeMs = seenStep()?.timeMs;
        const now = real.call(this, before);
        if (timeMs === undefined) return now;
        const seconds = Math.floor(timeMs / 1000) - (before?.[0] ?? 0);
        const ns = (timeMs % 1000) * 1e6 - (before?.[1] ?? 0);
        return ns < 0 ? [seconds - 1, ns + NS_PER_S] : [seconds, ns];
      },
  );
  if (process.hrtime.bigint === undefined) Object.assign(process.hrtime, { bigint });
  replaceMethod<() => bigint>(
    process.hrtime,
    'bigint',
    (real) =>
      function bigint(this: unknown) {
        const timeMs = seenStep()?.timeMs;
        return timeMs === undefined ? real.call(this) : BigInt(Math.trunc(timeMs)) * 1_000_000n;
      },
  );
}

function replaceDate(): void {
  const Real = globalThis.Date;
  if (realOf(Real) !== Real) return;
  function Replacement(this: unknown, ...args: unknown[]): unknown {
    const timeMs = args.length === 0 || new.target === undefined ? seenStep()?.timeMs : undefined;
    if (new.target === undefined) return timeMs === undefined ? Real() : new Real(timeMs).toString();
    return Reflect.construct(Real, timeMs === undefined ? args : [timeMs], new.target);
  }
  const made = disguise(Replacement, Real) as unknown as DateConstructor;
  for (const name of ['UTC', 'parse', 'now'] as const) {
    const property = Object.getOwnPropertyDescriptor(Real, name);
    if (property !== undefined) Object.defineProperty(made, name, property);
  }
  replaceMethod<() => number>(
    made,
    'now',
    (real) =>
      function now() {
        return seenStep()?.timeMs ?? real.call(Real);
      },
  );
  // Dates that were made before are instances of the replacement, too.
  Object.defineProperty(made, 'prototype', { value: Real.prototype, writable: false });
  Object.defineProperty(Real.prototype, 'constructor', { value: made, writable: true, configurable: true });
  Object.defineProperty(globalThis, 'Date', { value: made, writable: true, configurable: true });
}

type Format = (date?: Date | number) => unknown;

/** Without a date these take the present time. */
function replaceFormat(): void {
  const { prototype } = Intl.DateTimeFormat;
  replaceGetter<Format>(
    prototype,
    'format',
    (real) =>
      function format(this: unknown): Format {
        const formatDate = real.call(this);
        const timeMs = seenStep()?.timeMs;
        return timeMs === undefined ? formatDate : (date) => formatDate(date === undefined ? timeMs : date);
      },
  );
  replaceMethod<Format>(
    prototype,
    'formatToParts',
    (real) =>
      function formatToParts(this: unknown, date) {
        return real.call(this, date === undefined ? seenStep()?.timeMs : date);
      },
  );
}
