import { fork } from 'node:child_process';
import type { Report, SeedBatch } from './player.js';

/** Runs take milliseconds; one that takes this long has no end, or a machine with a hundred times its load. */
const SEED_MAX_MS = 15_000;
const HEAP_MAX_MB = 512;

/** The first seed that breaks a promise, and how. */
export interface SeedViolation {
  readonly seed: number;
  readonly reason: string;
}

/**
 * Plays seeds on a build, in a process of its own: without a rule a run may never end, or use up all memory.
 *
 * @param program of the build
 * @param batches played one after the other, up to the first violation
 * @returns the first violation; undefined if there is none
 * @throws Error if the build does not even begin
 */
export function play(program: string, batches: readonly SeedBatch[]): Promise<SeedViolation | undefined> {
  return new Promise((resolve, reject) => {
    const child = fork(program, [JSON.stringify(batches)], {
      execArgv: [`--max-old-space-size=${HEAP_MAX_MB}`],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let seed: number | undefined;
    let violation: SeedViolation | undefined;
    let errors = '';
    let timer: NodeJS.Timeout | undefined;

    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    child.on('message', (report: Report) => {
      clearTimeout(timer);
      if ('violates' in report) {
        violation = { seed: report.violates, reason: report.reason };
        return;
      }
      const { begins } = report;
      seed = begins;
      timer = setTimeout(() => {
        violation = { seed: begins, reason: 'the run does not end' };
        child.kill('SIGKILL');
      }, SEED_MAX_MS);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      if (violation !== undefined || code === 0) resolve(violation);
      else if (seed === undefined) reject(new Error(`${program} does not begin: ${errors}`));
      else resolve({ seed, reason: /heap out of memory/.test(errors) ? 'the run uses up all memory' : errors });
    });
  });
}
