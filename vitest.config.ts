import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type Reporter, type TestModule, type TestSpecification } from 'vitest/node';

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

/**
 * Tests of packages that start processes (a command, a replica to be killed, an etcd), or whole groups of servers in one
 * process that keep both processors busy for five seconds and more.
 */
const WITH_PROCESSES = [
  'packages/bench/src/main.test.ts',
  'packages/cli/src/{cli,etcd}.test.ts',
  'packages/client/src/setup/exit.test.ts',
  'packages/coordinator-embedded/src/crash.test.ts',
  'packages/coordinator-etcd/src/**/*.test.ts',
  'packages/server/src/ending/endings.test.ts',
  'packages/server/src/identity/rotation-of-clients.test.ts',
  'packages/server/src/liveness/blocked.test.ts',
  'packages/server/src/links/{flood,slow-connections}.test.ts',
  'packages/server/src/lives/joining.test.ts',
  'packages/server/src/replica/{end-to-end,forgotten,generations,poison,processes,uncaught}.test.ts',
  'packages/server/src/upgrades/{anew,rolling}.test.ts',
  'packages/docs/src/site/built.test.ts',
  'packages/otel/src/traced.test.ts',
  'packages/testing/src/determinism/check-determinism.test.ts',
  'packages/testing/src/group/{in-process-group,nested-streams,relayed-streams}.test.ts',
  'packages/testing/src/{readme,recipes}.test.ts',
  'packages/workshop/src/demo/main.test.ts',
];

/** Tests that play runs or random cases by seed, or the scenarios on cores that lack a rule. */
const WITH_SEEDS = [
  'packages/core/src/{hostile,rules}.test.ts',
  'packages/server/src/upgrades/plays.test.ts',
  'packages/simulator/src/{main,simulation}.test.ts',
  'packages/simulator/src/{drills,exhaustive}/**/*.test.ts',
  'packages/simulator/src/command/pool.test.ts',
  'packages/simulator/src/mutations/mutations.test.ts',
  'packages/wire/src/fuzz.test.ts',
];

/**
 * The files that take longest. They begin first, so that none of them runs alone at the end while the other processors are
 * idle. Those that wait and those that compute take turns.
 */
const LONGEST = [
  'server/src/replica/beginning',
  'core/src/transcripts',
  'server/src/execution/waits-for-others',
  'wire/src/round-trip',
  'server/src/identity/rotation',
  'server/src/lives/state-digests',
  'server/src/criteria/criteria',
  'server/src/handlers/server-stream',
  'nice-grpc/src/nice-grpc',
  'nestjs/src/nestjs',
  // From here on, files of the projects that run together.
  'containers/kill',
  'integration/large-messages',
  'containers/etcd',
  'integration/kills',
  'containers/network',
  'integration/nested',
  'simulator/src/mutations/mutations',
  'server/src/ending/endings',
  'containers/kubernetes',
  'integration/publish',
  'integration/memory',
  'simulator/src/simulation',
  'containers/pause',
  'integration/demo',
  'integration/hand-over',
  'workshop/src/demo/main',
  'testing/src/determinism/check-determinism',
  'core/src/rules',
  'testing/src/group/nested-streams',
  'integration/streams-soak',
  'integration/histories',
  'testing/src/group/in-process-group',
  'transparency/shutdown',
  'simulator/src/exhaustive',
  'testing/src/recipes',
  'simulator/src/drills',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const found = LONGEST.findIndex((name) => moduleId.includes(`${name}.`) || moduleId.includes(`${name}/`));
      return found < 0 ? LONGEST.length : found;
    };
    // Sorting is stable: behind those files the order remains.
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}

/** Vitest takes percentages of the processors for at most all of them, so this is a number. */
const WHERE_MOST_WAIT = 2 * availableParallelism();
const WHERE_SOME_COMPUTE = availableParallelism() + 1;

// Tests read the packages' sources; child processes that tests start run what `npm run build` made of them.
export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'] } },
  test: {
    reporters: ['default', new ClosingLine()],
    // Only what hangs takes this long, on a machine with ten times its load too.
    testTimeout: 300_000,
    hookTimeout: 600_000,
    // Most files wait for a while: for leases, timers and sockets, for processes to start, to be silent and to end.
    maxWorkers: WHERE_MOST_WAIT,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [TESTS_OF_PACKAGES],
          exclude: [...WITH_PROCESSES, ...WITH_SEEDS],
          // To begin a process for each of two hundred files takes longer than what most of them test.
          isolate: false,
          setupFiles: ['packages/workshop/fresh-modules.mjs'],
        },
      },
      // Containers and processes wait while seeds compute, so all of them are in one group: nobody waits for the last file of
      // another project.
      {
        extends: true,
        test: {
          name: 'processes',
          include: ['integration/**/*.test.ts', ...WITH_PROCESSES],
          exclude: ['integration/containers/**'],
          isolate: false,
          setupFiles: ['packages/workshop/fresh-modules.mjs'],
          maxWorkers: WHERE_SOME_COMPUTE,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'seeds',
          include: WITH_SEEDS,
          isolate: false,
          setupFiles: ['packages/workshop/fresh-modules.mjs'],
          maxWorkers: WHERE_SOME_COMPUTE,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'containers',
          include: ['integration/containers/**/*.test.ts'],
          globalSetup: ['integration/engine/setup.ts'],
          setupFiles: ['integration/engine/wait.ts'],
          // Each file has a network of its own.
          maxWorkers: WHERE_SOME_COMPUTE,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
