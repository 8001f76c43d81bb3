/** Says that a replica differs from the others so that nobody overlooks it (DESIGN 5.10). */
import type { Logger, LogLevel } from '@understudy/core';

type LogFields = NonNullable<Parameters<Logger['log']>[2]>;

export interface DivergenceLogOptions {
  readonly replicaId: string;
  /** The user's logger, or what stands for it. */
  readonly logger: Logger;
  /** Whether the globals give handlers what the order says. */
  readonly inGlobals: boolean;
}

const EVENT = 'UNDERSTUDY_DIVERGED';
/** A difference that comes again is told again after so many times as often. */
const AGAIN_FACTOR = 10;

const OUTSIDE =
  'Usual causes: a timer, the network, a file, process.hrtime or the environment; a random function that was taken ' +
  'aside before @understudy/server was imported; work that goes on outside of the handler; state that checkpoint() ' +
  'leaves out or restore() puts into another order. See packages/docs/handlers.md.';
const REAL_GLOBALS =
  "With determinism: 'api' handlers see the real clock and randomness; use stepTime() and stepRandom() in them.";

/**
 * A logger between the core and the user's. A replica that differs leaves the group and comes back, so the same cause may
 * show again and again. It is told in full at first, and then each time that ten times as many have come.
 */
export class DivergenceLog implements Logger {
  readonly #options: DivergenceLogOptions;
  readonly #times = new Map<string, number>();
  #count = 0;

  constructor(options: DivergenceLogOptions) {
    this.#options = options;
  }

  /** How often a replica differed. */
  get count(): number {
    return this.#count;
  }

  log(level: LogLevel, event: string, fields: LogFields = {}): void {
    if (event === EVENT) this.#tell(level, fields);
    else this.#options.logger.log(level, event, fields);
  }

  #tell(level: LogLevel, fields: LogFields): void {
    this.#count++;
    const { logger } = this.#options;
    const cause = `${fields.peer ?? ''} ${fields.method ?? ''} ${fields.stuckForMs === undefined}`;
    const times = (this.#times.get(cause) ?? 0) + 1;
    this.#times.set(cause, times);
    const isTold = isPowerOf(AGAIN_FACTOR, times);
    const again = times === 1 ? undefined : times;
    const message = isTold ? this.#sentence(fields, times) : undefined;
    logger.log(isTold ? level : 'info', EVENT, { ...fields, ...(again && { times }), ...(message && { message }) });
  }

  #sentence(fields: LogFields, times: number): string {
    const { inGlobals, replicaId } = this.#options;
    const { peer, orderNum, agreedUpTo, method, digest, primaryDigest, stuckForMs } = fields;
    const who = peer === undefined ? `replica ${replicaId}` : `replica ${peer}`;
    const place =
      agreedUpTo === undefined || Number(agreedUpTo) + 1 === orderNum
        ? `at order ${orderNum}`
        : `between order ${Number(agreedUpTo) + 1} and order ${orderNum}`;
    const where = method === undefined ? place : `${place}, ${method}`;
    const often = times === 1 ? '' : ` This is the ${times}th time.`;
    if (peer !== undefined)
      return `${who} differs from this primary ${where}, and is removed until it has restored.${often}`;
    const what =
      stuckForMs === undefined
        ? `came to other results than the primary ${where} (digest ${digest}, the primary's ${primaryDigest})`
        : `is still in a handler that ended on the primary ${where}, ${stuckForMs} ms ago`;
    const causes = inGlobals ? OUTSIDE : `${REAL_GLOBALS} ${OUTSIDE}`;
    return `${who} ${what}. It leaves the group, restores the primary's state and comes back.${often} ${causes}`;
  }
}

/** Whether `value` is 1, or a power of `base`. */
function isPowerOf(base: number, value: number): boolean {
  let power = 1;
  while (power < value) power *= base;
  return power === value;
}
