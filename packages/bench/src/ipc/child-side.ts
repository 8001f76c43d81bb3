/** The child's side of the conversation between the benchmark and a process that it started. */
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { monotonicMs } from './clock.js';
import type { Memory, ProcessCommands, Usage } from './commands.js';
import type { CommandSet, Implementation, Question, Said } from './ipc.js';

/** The default of 1000 is too coarse, because a call takes tens of microseconds. */
const PROFILE_EVERY_US = 200;

const say = (said: Said): void => {
  if (process.connected) process.send?.(said);
};

/** Tells the parent process news that it did not ask for. */
export const tellNews = (news: unknown): void => say({ kind: 'news', news });

/** Answers the parent process, and ends this process when the parent is gone for whatever reason. */
export function serveParent<C extends CommandSet<C>>(commands: Implementation<Omit<C, keyof ProcessCommands>>): void {
  const all = { ...commonCommands(), ...commands } as Readonly<
    Record<string, (...args: readonly unknown[]) => unknown>
  >;
  process.on('message', async ({ id, command, args }: Question) => {
    try {
      say({ kind: 'answer', id, answer: await all[command]?.(...args) });
    } catch (error) {
      say({ kind: 'failed', id, reason: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  });
  process.on('disconnect', () => process.exit(0));
  // The parent may have ended while this process was still loading.
  if (!process.connected) process.exit(0);
  // Ctrl-C in a terminal reaches every process of the process group. The parent decides what to do about it.
  process.on('SIGINT', () => {});
}

export function usage(): Usage {
  const { user, system } = process.cpuUsage();
  return { atMs: monotonicMs(), cpuMs: (user + system) / 1_000 };
}

function commonCommands(): Implementation<ProcessCommands> {
  let profiler: Session | undefined;
  return {
    usage,
    memory,
    startProfile: async () => {
      profiler = new Session();
      profiler.connect();
      await profiler.post('Profiler.enable');
      await profiler.post('Profiler.setSamplingInterval', { interval: PROFILE_EVERY_US });
      await profiler.post('Profiler.start');
    },
    endProfile: async (path) => {
      const ended = await profiler?.post('Profiler.stop');
      writeFileSync(path, JSON.stringify(ended?.profile));
      profiler?.disconnect();
      profiler = undefined;
    },
  };
}

function memory(): Memory {
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { liveBytes: heapUsed + external, rssBytes: rss, mostRssBytes: process.resourceUsage().maxRSS * 1_024 };
}
