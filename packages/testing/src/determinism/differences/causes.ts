/** Guesses where a difference comes from. */
import { differInOrder, type Seen } from '../instances/output.js';
import type { Environment } from '../outside/environment.js';
import type { HeldTimer } from '../outside/held-timers.js';
import type { Variation } from './difference.js';

export function causeOf(variation: Variation, environment: Environment, states: readonly [Seen, Seen]): string {
  switch (variation) {
    case 'random':
      return `randomness that is drawn outside of steps${at(environment.sites('random'))}. Draw it in a handler`;
    case 'clock':
      return `a clock that is read outside of steps${at(environment.sites('clock'))}. Read it in a handler`;
    case 'timers':
      return 'a timer that was set outside of steps';
    case 'restore':
      return differInOrder(...states) ? ORDER : LEFT_OUT;
    case 'nothing':
      return SHARED;
  }
}

export const causeOfTimer = ({ site, delayMs }: HeldTimer): string =>
  `a timer of ${delayMs} ms that was set outside of steps${at(site === undefined ? [] : [site])}. ` +
  'Use replica.every(…) in its place';

const at = (sites: readonly string[]): string => (sites.length === 0 ? '' : `, at ${sites.join(' and ')}`);

const ORDER = 'restore() puts the state into another order than it was in, as that of a map or a set';
const LEFT_OUT =
  'checkpoint() leaves out something that replies depend on, or restore() does not bring it back as it was';
const SHARED =
  'something that nobody can give to each instance alike: a clock or a random function that was taken aside before ' +
  '@understudy/server was loaded, process.hrtime, a module variable that instances share, a file, the network, the process';
