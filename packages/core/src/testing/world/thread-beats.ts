import { blockedMaxMs } from '../../config/clock.js';
import type { GroupConfig } from '../../config/config.js';
import type { Member } from '../../model/record.js';
import type { Cuts } from './cuts.js';
import type { VirtualThread } from './virtual-thread.js';

/** A process with a liveness thread, whose main thread may be blocked. */
interface Threaded {
  readonly name: string;
  readonly member: Member;
  readonly runs: boolean;
  readonly paused: boolean;
  readonly blockedSinceMs: number | undefined;
  readonly thread: VirtualThread | undefined;
}

interface ThreadedWorld {
  readonly nowMs: number;
  readonly config: GroupConfig;
  readonly servers: ReadonlyMap<string, Threaded>;
  readonly links: { readonly threadCuts: Cuts };
}

/** Every primary's thread sends a heartbeat, and those that it reaches answer at once. */
export function beatThreads({ nowMs, config, servers, links }: ThreadedWorld): void {
  const live = [...servers.values()].filter(
    ({ runs, paused, blockedSinceMs }) => runs && (!paused || blockedSinceMs !== undefined),
  );
  for (const from of live) {
    if (nowMs - (from.blockedSinceMs ?? nowMs) > blockedMaxMs(config)) continue;
    const beat = from.thread?.beat(nowMs);
    if (beat === undefined) continue;
    for (const to of live) {
      if (to === from || to.thread === undefined || links.threadCuts.isCut(from.name, to.name)) continue;
      from.thread?.answered(to.member, to.thread.answer(beat, nowMs), nowMs);
    }
  }
}
