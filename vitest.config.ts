import { defineConfig } from 'vitest/config';
import type { Reporter, TestModule } from 'vitest/node';

/** The last line of a run, for whoever reads only that: `N passed, N failed, N skipped`. */
class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const count = { passed: 0, failed: errors.length, skipped: 0, pending: 0 };
    for (const module of modules) {
      if (module.state() === 'failed' && module.errors().length > 0) count.failed++;
      for (const test of module.children.allTests()) count[test.result().state]++;
    }
    console.log(`\n${count.passed} passed, ${count.failed} failed, ${count.skipped + count.pending} skipped`);
  }
}

const TESTS_OF_PACKAGES = 'packages/*/src/**/*.test.ts';

/** Tests of packages that start processes: a command, a replica to be killed, an etcd. */
const WITH_PROCESSES = [
  'packages/bench/src/main.test.ts',
  'packages/cli/src/{cli,etcd}.test.ts',
  'packages/client/src/setup/exit.test.ts',
  'packages/coordinator-embedded/src/crash.test.ts',
  'packages/coordinator-etcd/src/**/*.test.ts',
  'packages/examples/src/readme.test.ts',
  'packages/server/src/liveness/blocked.test.ts',
  'packages/server/src/replica/{poison,processes}.test.ts',
  'packages/otel/src/traced.test.ts',
  'packages/testing/src/readme.test.ts',
  'packages/workshop/src/demo/main.test.ts',
];

/** Tests that play runs or random cases by seed, or the scenarios on cores that lack a rule. */
const WITH_SEEDS = [
  'packages/core/src/rules.test.ts',
  'packages/simulator/src/{main,simulation}.test.ts',
  'packages/simulator/src/{drills,exhaustive}/**/*.test.ts',
  'packages/simulator/src/command/pool.test.ts',
  'packages/simulator/src/mutations/mutations.test.ts',
  'packages/wire/src/fuzz.test.ts',
];

// Tests read the packages' sources; child processes that tests start run what `npm run build` made of them.
export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'] } },
  test: {
    reporters: ['default', new ClosingLine()],
    // Only what hangs takes this long, on a machine with ten times its load too.
    testTimeout: 300_000,
    hookTimeout: 600_000,
    // By default one processor is left to vitest itself, which hardly needs it.
    maxWorkers: '100%',
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [TESTS_OF_PACKAGES],
          exclude: [...WITH_PROCESSES, ...WITH_SEEDS],
          // Most of these wait: for leases, timers and sockets.
          maxWorkers: '200%',
        },
      },
      { extends: true, test: { name: 'seeds', include: WITH_SEEDS, sequence: { groupOrder: 1 } } },
      {
        extends: true,
        test: {
          name: 'processes',
          include: ['integration/**/*.test.ts', ...WITH_PROCESSES],
          exclude: ['integration/containers/**'],
          // Much of these waits too: for processes to start, to be silent and to end.
          maxWorkers: '150%',
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: 'containers',
          include: ['integration/containers/**/*.test.ts'],
          globalSetup: ['integration/engine/setup.ts'],
          // What is measured there has the machine for itself.
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
