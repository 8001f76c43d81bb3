/** Warns of effects that every replica would have, because a handler reaches into the outside world by itself. */
import { callSite } from '@understudy/context';
import type { Logger } from '@understudy/core';
import { installEffects } from './effects.js';

/** What a handler uses in a step: `fs.writeFile` for instance. */
export type OnEffect = (what: string) => void;

const EVENT = 'a handler reaches into the outside world without once()';
/** So many places are warned of. A service with more has heard enough. */
const SITES_MAX = 100;

export interface EffectOptions {
  readonly effectWarnings?: boolean;
  readonly development?: boolean;
}

/** Whether replicas warn unless they are told otherwise: everywhere but in production. */
export const isProduction = (): boolean => process.env.NODE_ENV === 'production';

/** @returns what tells the user, once for each place in the code; undefined if nobody wants to know */
export function effectWarnings(options: EffectOptions, logger: Logger): OnEffect | undefined {
  if (!(options.effectWarnings ?? (options.development === true || !isProduction()))) return undefined;
  installEffects();
  const told = new Set<string>();
  return (what) => {
    if (told.size >= SITES_MAX) return;
    const at = callSite();
    // Nobody can be told where. It is a package that goes on by itself, or node that loads a module.
    if (at === undefined || told.has(at)) return;
    told.add(at);
    logger.log('warn', EVENT, { what, at, message: sentenceOf(what, at) });
  };
}

const sentenceOf = (what: string, at: string): string =>
  `${what} at ${at} runs on every replica, and again when a successor replays; each may be given something else. ` +
  `Have the primary alone do it: await replica.once('${nameOf(what)}', () => …). See packages/docs/handlers.md`;

const nameOf = (what: string): string => what.slice(what.lastIndexOf('.') + 1);
