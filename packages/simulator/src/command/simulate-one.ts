/** Plays one seed and prints its trace. */
import { writeFileSync } from 'node:fs';
import colors from 'picocolors';
import { simulate } from '../run.js';
import type { Tracer } from '../trace/event.js';
import { LineTracer } from '../trace/lines.js';
import { mermaid } from '../trace/mermaid.js';
import { Recording, traceTo } from '../trace/recording.js';
import { svg } from '../trace/svg.js';
import type { OneOptions } from './options.js';
import type { Output } from './output.js';
import { resultJson, resultText } from './summary.js';

/** The colours of a trace in a terminal. */
const EMPHASIS = { fault: colors.yellow, violation: colors.red };

/** @returns the exit code */
export function simulateOne({ seed, trace, diagram, stretch, json, limits }: OneOptions, output: Output): number {
  const tracers: Tracer[] = [];
  const recording = new Recording();
  if (trace) tracers.push(new LineTracer((line) => output.out(`${line}\n`), EMPHASIS));
  if (diagram !== undefined) tracers.push(recording);
  const result = simulate(seed, tracers.length === 0 ? limits : { ...limits, tracer: traceTo(tracers, stretch) });
  if (diagram !== undefined) writeFileSync(diagram, diagram.endsWith('.svg') ? svg(recording) : mermaid(recording));
  output.out(json ? resultJson(result) : (trace ? '\n' : '') + resultText(result));
  return result.ending === 'violated' ? 1 : 0;
}
