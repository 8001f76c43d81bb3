/** Lets the globals of this process give handlers what the order says (DESIGN 5.10). */
import { replaceRandomness } from './randomness.js';
import { registerSource } from './replace.js';
import { keepTelemetryOutside } from './telemetry.js';
import { replaceTime } from './time.js';
import { replaceTimers } from './timers.js';

/**
 * Replaces what handlers read clocks and randomness with. Outside of steps the replacements call the real functions.
 * May be called again, and by several copies of this package: what is replaced stays so, and what a test framework put
 * in its place meanwhile is replaced anew. An OpenTelemetry SDK that was registered meanwhile is found.
 */
export function installGlobals(): void {
  registerSource();
  replaceTime();
  replaceRandomness();
  replaceTimers();
  keepTelemetryOutside();
}
