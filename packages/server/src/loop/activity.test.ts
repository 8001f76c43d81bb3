import type { ReplicaId } from '@understudy/core';
import type { Replica, ReplicaEvent } from '@understudy/core/internal';
import { describe, expect, it } from 'vitest';
import { Measures } from '../lives/measures.js';
import { UserState } from '../lives/user-state.js';
import { Activity } from './activity.js';
import { EventLoop } from './event-loop.js';

const RESTORE = { kind: 'restoreState', state: [new Uint8Array(0)], told: [] } as const;

function stateWith(activity: Activity, stallMs: number) {
  const steps: string[] = [];
  let wake = (): void => {};
  const restored = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const core = {
    wantsFlush: false,
    step: ({ kind }: ReplicaEvent) => {
      steps.push(kind);
      wake();
      return [];
    },
  };
  const fatal = (error: Error): never => {
    throw error;
  };
  const loop = new EventLoop({ core: core as unknown as Replica, perform: () => {}, onFatal: fatal });
  const config = { stallMs, leaseMs: 60_000 };
  const source = {
    isChunked: false as const,
    checkpoint: () => new Uint8Array(0),
    restore: () => void steps.push('restore'),
  };
  const logger = { log: (_level: string, event: string) => void steps.push(event) };
  const state = new UserState({ loop, source, activity, config, logger, measures: new Measures(), onFatal: fatal });
  return { state, steps, restored, loop };
}

describe("a restore of the user's state", () => {
  it('waits for handlers of earlier lives', async () => {
    const activity = new Activity();
    activity.began();
    const { state, steps, restored } = stateWith(activity, 60_000);
    state.restore(RESTORE);
    await new Promise((resolve) => setImmediate(resolve));
    expect(steps).toEqual([]);
    activity.ended();
    await restored;
    expect(steps).toEqual(['restore', 'restored']);
  });

  it('goes on without handlers that do not end, and logs that', async () => {
    const activity = new Activity();
    activity.began();
    const { state, steps, restored } = stateWith(activity, 10);
    state.restore(RESTORE);
    await restored;
    expect(steps).toEqual(['handlers did not end before a restore', 'restore', 'restored']);
  });

  it('waits until the peers that count have heard that this replica is busy', async () => {
    const { state, steps, restored } = stateWith(new Activity(), 60_000);
    const told = ['r2', 'r3'] as ReplicaId[];
    state.restore({ ...RESTORE, told });
    await new Promise((resolve) => setImmediate(resolve));
    for (const peer of told) {
      expect(steps).toEqual([]);
      state.heard(peer);
    }
    await restored;
    expect(steps).toEqual(['restore', 'restored']);
  });

  it('does not happen when the life that asked for it is over', async () => {
    const activity = new Activity();
    activity.began();
    const { state, steps, loop } = stateWith(activity, 60_000);
    state.restore(RESTORE);
    loop.close();
    activity.ended();
    await new Promise((resolve) => setImmediate(resolve));
    expect(steps).toEqual([]);
  });
});
