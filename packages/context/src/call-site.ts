/** Finds the place in the service's own code from which a function was called. */
import { basename, dirname } from 'node:path';

/** This folder; in a bundle that is a module of ECMAScript there is none. */
const OWN = typeof __dirname === 'string' ? __dirname : '';
/** The folder of our packages where they are no part of a bundle. */
const PACKAGES = basename(dirname(OWN)) === 'context' ? `${dirname(dirname(OWN))}/` : undefined;
/** Node's own code, and packages that the service uses. */
const FOREIGN = /^node:|[\\/]node_modules[\\/]/;
/** Our sources and what was compiled from them, below that folder. */
const SOURCES = /^[\w-]+[\\/](?:src|dist)[\\/]/;
/** Our tests, which stand for a service. */
const TESTS = /\.test\.[cm]?[jt]s|[\\/](?:src|dist)[\\/]testing[\\/]/;
const PLACE = /^(?:.* \()?(?:file:\/\/)?([^()]+:\d+):\d+\)?$/;
/** A frame of Node's module loader; the importing module made no such call. */
const LOADER = /\bnode:internal\/modules\//;
const FRAMES_MAX = 40;

/**
 * @returns `file:line` of the nearest caller in the service's own code; undefined if there is none, and while a module
 *   is being loaded
 */
export function callSite(): string | undefined {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = FRAMES_MAX;
  const stack = new Error().stack ?? '';
  Error.stackTraceLimit = stackTraceLimit;
  for (const line of stack.split('\n').slice(1)) {
    if (LOADER.test(line)) return undefined;
    const place = PLACE.exec(line.replace(/^\s*at (?:async )?/, ''))?.[1];
    if (place !== undefined && !FOREIGN.test(place) && !isOurs(place)) return place;
  }
  return undefined;
}

function isOurs(place: string): boolean {
  if (PACKAGES === undefined || !place.startsWith(PACKAGES)) return false;
  return SOURCES.test(place.slice(PACKAGES.length)) && !TESTS.test(place);
}
