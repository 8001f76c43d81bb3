/** Plays seeds on a changed core, in a process of its own that may be ended. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import type { Changed } from './cores.js';
import type { Equipment, PlayJob } from './host.js';
import type { Report, SeedBatch } from './player.js';

/**
 * A run takes milliseconds. One that takes this long has no end, or runs on a machine with a hundred times the load.
 */
const SEED_MAX_MS = 15_000;
const HEAP_MAX_MB = 512;

/** The compiled packages. */
const PACKAGES = join(import.meta.dirname, '../../..');
const MUTATIONS = join(PACKAGES, 'simulator/dist/mutations');

/** The first seed that breaks a promise, and how. */
export interface SeedViolation {
  readonly seed: number;
  readonly reason: string;
}

/** Makes one script of the compiled simulator, without the core. */
export function equipment(): Equipment {
  const { outputFiles } = buildSync({
    entryPoints: [join(MUTATIONS, 'player.js')],
    external: ['@understudy/core', '@understudy/core/*'],
    ...{ bundle: true, platform: 'node', format: 'cjs', write: false },
  });
  return { core: join(PACKAGES, 'core/dist'), player: outputFiles[0]?.text ?? '' };
}

/**
 * Plays seeds in a process of its own, one job after the other: without a rule a run may never end, or use up all memory.
 * Then the process is ended, and the next job starts another one.
 */
export class Player {
  readonly #equipment: Equipment;
  #child: ChildProcess | undefined;

  constructor(equipment: Equipment) {
    this.#equipment = equipment;
  }

  /**
   * @param changed the files of the core that are changed
   * @param batches played one after the other, up to the first violation
   * @returns the first violation; undefined if there is none
   * @throws Error if the core does not even begin
   */
  play(changed: Changed, batches: readonly SeedBatch[]): Promise<SeedViolation | undefined> {
    this.#child ??= this.#start();
    const child = this.#child;
    return new Promise((resolve, reject) => {
      let seed: number | undefined;
      let violation: SeedViolation | undefined;
      let errors = '';
      let timer: NodeJS.Timeout | undefined;

      const onError = (text: string): void => {
        errors += text;
      };
      const onReport = (report: Report): void => {
        clearTimeout(timer);
        if ('ends' in report) return finish(() => resolve(violation));
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
      };
      const onClose = (): void => {
        this.#child = undefined;
        const reason = /heap out of memory/.test(errors) ? 'the run uses up all memory' : errors;
        if (seed === undefined) finish(() => reject(new Error(`the core does not begin: ${errors}`)));
        else finish(() => resolve(violation ?? { seed: seed ?? 0, reason }));
      };
      const onFailure = (error: Error): void => finish(() => reject(error));
      const finish = (settle: () => void): void => {
        clearTimeout(timer);
        child.stderr?.off('data', onError);
        child.off('message', onReport).off('close', onClose).off('error', onFailure);
        settle();
      };

      child.stderr?.on('data', onError);
      child.on('message', onReport).on('close', onClose).on('error', onFailure);
      child.send({ changed, batches } satisfies PlayJob);
    });
  }

  /** Ends the process. */
  end(): void {
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
  }

  #start(): ChildProcess {
    const child = fork(join(MUTATIONS, 'host.js'), {
      execArgv: [`--max-old-space-size=${HEAP_MAX_MB}`],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    child.stderr?.setEncoding('utf8');
    child.send(this.#equipment);
    return child;
  }
}
