/** Warns of effects that every replica would have, because a handler reaches into the outside world by itself. */
import { callSite } from '@understudy/context';
import type { Logger } from '@understudy/core';
import { installEffects } from './effects.js';

/** Takes the name of a function that a handler used in a step, such as `fs.writeFile`. */
export type OnEffect = (what: string) => void;

const EVENT = 'a handler reaches into the outside world without once()';
/** How many places in the code are warned of. A service with more needs no further warning. */
const SITES_MAX = 100;

export interface EffectOptions {
  readonly effectWarnings?: boolean;
  readonly development?: boolean;
}

/** Whether replicas warn unless they are told otherwise: everywhere but in production. */
export const isProduction = (): boolean => process.env.NODE_ENV === 'production';

/** @returns the function that warns the user, once for each place in the code; undefined if warnings are off */
export function effectWarnings(options: EffectOptions, logger: Logger): OnEffect | undefined {
  if (!(options.effectWarnings ?? (options.development === true || !isProduction()))) return undefined;
  installEffects();
  const told = new Set<string>();
  return (what) => {
    if (told.size >= SITES_MAX) return;
    const at = callSite();
    // No place in the service's code is known: a package goes on by itself, or Node loads a module.
    if (at === undefined || told.has(at)) return;
    told.add(at);
    logger.log('warn', EVENT, { what, at, message: sentenceOf(what, at) });
  };
}

const sentenceOf = (what: string, at: string): string =>
  `${what} at ${at} runs on every replica, and again when a successor replays; each may be given something else. ` +
  `Have the primary alone do it: await replica.once('${nameOf(what)}', () => …). See packages/docs/handlers.md`;

const nameOf = (what: string): string => what.slice(what.lastIndexOf('.') + 1);
