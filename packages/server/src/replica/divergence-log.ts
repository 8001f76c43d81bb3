/** Says that a replica differs from the others so that nobody overlooks it (DESIGN 5.10). */
import type { DivergingMethod, Logger, LogLevel, ReplicaStatus } from '@understudy/core';

type LogFields = NonNullable<Parameters<Logger['log']>[2]>;

export interface DivergenceLogOptions {
  readonly replicaId: string;
  /** The user's logger, or the default one. */
  readonly logger: Logger;
  /** Whether the globals give handlers the order's time and randomness. */
  readonly inGlobals: boolean;
}

const EVENT = 'UNDERSTUDY_DIVERGED';
/** A difference that comes again is reported again after this many times as many. */
const AGAIN_FACTOR = 10;
/** A service has so many methods, and no more combinations of them are counted. */
const METHODS_MAX = 256;

const OUTSIDE =
  'Usual causes: a timer, the network, a file, process.hrtime or the environment; a random function that was taken ' +
  'aside before @understudy/server was imported; work that goes on outside of the handler; state that checkpoint() ' +
  'leaves out or restore() puts into another order. See packages/docs/handlers.md.';
const RESTORE =
  'Either restore() puts a map or a list into another order or leaves something out: then replies that depend on it will ' +
  'differ, so mend it. Or copies of equal states differ, since checkpoint() writes a time or an unordered store, or ' +
  'compresses: then nothing is wrong, and canonical: false in `state` says so. This replica stays in the group and does ' +
  'not compare its state any more. See packages/docs/handlers.md.';
const COPIES =
  'Or equal states give other bytes: a time, a map whose order no handler decides, compression by another version. ' +
  'Then say canonical: false in `state`, and none are compared.';
const STAYS =
  'It stays in the group, because copies of equal states may differ. If those of this service never do, a failover to it ' +
  'would serve what differs: say canonical: true in `state`, and it restores each time.';
const LATER =
  ' After restore() it had another state than it was given: mend that first. Until then it comes back later each time.';
const ONCE = ' Unless `state` says canonical: true, it does so once.';
const REAL_GLOBALS =
  "With determinism: 'api' handlers see the real clock and randomness; use stepTime() and stepRandom() in them.";

/**
 * A logger between the core and the user's. A replica that differs leaves the group and comes back, so the same cause
 * may show again and again. The first difference is reported in full, and then the tenth, the hundredth and so on.
 */
export class DivergenceLog implements Logger {
  readonly #options: DivergenceLogOptions;
  readonly #times = new Map<string, number>();
  /** How often each method made this replica differ. */
  readonly #methods = new Map<string, number>();
  #count = 0;
  #restored = false;
  #restoreDiffers = false;
  #futile = 0;

  constructor(options: DivergenceLogOptions) {
    this.#options = options;
  }

  /** What the status tells of it. */
  get counts(): Pick<ReplicaStatus, 'divergences' | 'diverging'> {
    return { divergences: this.#count, diverging: this.diverging };
  }

  /** The methods that have made this replica differ more than once. */
  get diverging(): DivergingMethod[] {
    return [...this.#methods].filter(([, times]) => times > 1).map(([method, times]) => ({ method, times }));
  }

  /** Whether this replica has left the group to restore its state, because its state differed. */
  get restored(): boolean {
    return this.#restored;
  }

  /** How often results differed after a `restore()` that gave another state than the copy. */
  get futile(): number {
    return this.#futile;
  }

  log(level: LogLevel, event: string, fields: LogFields = {}): void {
    if (event === EVENT) this.#tell(level, fields);
    else this.#options.logger.log(level, event, fields);
  }

  #tell(level: LogLevel, fields: LogFields): void {
    this.#count++;
    if (fields.of === 'state' && fields.stays !== true) this.#restored = true;
    if (fields.of === 'restore') this.#restoreDiffers = true;
    else if (fields.of === undefined && fields.peer === undefined && this.#restoreDiffers) this.#futile++;
    if (fields.peer === undefined && fields.of === undefined) this.#note(String(fields.method ?? ''));
    const { logger } = this.#options;
    const cause = `${fields.peer ?? ''} ${fields.of ?? ''} ${fields.method ?? ''} ${fields.stuckForMs === undefined} ${fields.stays}`;
    const times = (this.#times.get(cause) ?? 0) + 1;
    this.#times.set(cause, times);
    const isTold = isPowerOf(AGAIN_FACTOR, times);
    const again = times === 1 ? undefined : times;
    const message = isTold ? this.#sentence(fields, times) : undefined;
    logger.log(isTold ? level : 'info', EVENT, { ...fields, ...(again && { times }), ...(message && { message }) });
  }

  #note(method: string): void {
    const times = this.#methods.get(method) ?? 0;
    if (times > 0 || this.#methods.size < METHODS_MAX) this.#methods.set(method, times + 1);
  }

  #sentence(fields: LogFields, times: number): string {
    const { inGlobals, replicaId } = this.#options;
    const { peer, orderNum, agreedUpTo, method, digest, primaryDigest, stuckForMs, of, stays } = fields;
    const who = peer === undefined ? `replica ${replicaId}` : `replica ${peer}`;
    const place =
      agreedUpTo === undefined || Number(agreedUpTo) + 1 === orderNum
        ? `at order ${orderNum}`
        : `between order ${Number(agreedUpTo) + 1} and order ${orderNum}`;
    const where = method === undefined ? place : `${place}, ${method}`;
    const often = times === 1 ? '' : ` This is the ${times}th time.`;
    if (peer !== undefined)
      return `${who} differs from this primary ${where}, and is removed until it has restored.${often}`;
    // Items of a stream's handler are compared one by one, without a digest of the whole order.
    const both =
      digest === undefined ? '(a message of a stream)' : `(digest ${digest}, the primary's ${primaryDigest})`;
    if (of === 'restore')
      return `${who} restored the primary's state ${place}, and then checkpoint() gave another one ${both}.${often} ${RESTORE}`;
    const came = of === 'state' ? 'has another state than the primary' : 'came to other results than the primary';
    const what =
      stuckForMs === undefined
        ? `${came} ${where} ${both}`
        : `is still in a handler that ended on the primary ${where}, ${stuckForMs} ms ago`;
    const causes = `${inGlobals ? '' : `${REAL_GLOBALS} `}${OUTSIDE}${of === 'state' ? ` ${COPIES}` : ''}`;
    if (stays === true) return `${who} ${what}, after it had restored the primary's before. ${STAYS}${often} ${causes}`;
    const once = of === 'state' ? ONCE : this.#restoreDiffers ? LATER : '';
    return `${who} ${what}. It leaves the group, restores the primary's state and comes back.${once}${often} ${causes}`;
  }
}

/** Whether `value` is 1, or a power of `base`. */
function isPowerOf(base: number, value: number): boolean {
  let power = 1;
  while (power < value) power *= base;
  return power === value;
}
