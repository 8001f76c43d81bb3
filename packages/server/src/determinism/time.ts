/** `Date`, `performance` and `Intl.DateTimeFormat`, which give a step's time within it. */
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
  replaceFormat();
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
