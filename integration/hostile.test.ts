import { describe, expect, it } from 'vitest';
import type { AttackName } from '../packages/workshop/dist/hostile/messages.js';
import { hostileReport } from '../packages/workshop/dist/hostile/report.js';
import { runHostile } from '../packages/workshop/dist/hostile/run.js';
import { HANG_S } from './group.js';

/** Each of these leaves something behind on a replica: state of the protocol, replies that wait, half a frame. */
const ATTACKS: readonly AttackName[] = ['legal', 'replies', 'parts'];

describe('a group that a client attacks at full speed', () => {
  it('answers each call of its honest clients and is whole afterwards', async () => {
    const outcome = await runHostile({
      attacks: ATTACKS,
      seconds: 6,
      honest: 3,
      seed: 1,
      mode: {
        replication: 'semi-active',
        multicast: 'direct',
        release: 'concurrent',
        carrier: 'stream',
        leaseMs: 600,
      },
      timeoutS: HANG_S,
      interrupt: new AbortController().signal,
      onAttack: () => {},
    });
    console.log(hostileReport(outcome));
    expect(outcome.violations).toEqual([]);
    expect(outcome.results.map(({ attack }) => attack)).toEqual(ATTACKS);
    for (const { frames } of outcome.results) expect(frames).toBeGreaterThan(0);
  });
});
