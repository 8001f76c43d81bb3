import { stripVTControlCharacters as plain } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { StreamsOptions } from '../command/options.js';
import type { Problem } from '../proof/problems.js';
import { CHAT_DEMO } from './chat/chat-demo.js';
import { GUIDE_DEMO } from './guide/guide-demo.js';
import type { ReplicatedStreamsRun } from './run-streams.js';
import { bareReport, streamsReport } from './streams-report.js';

const OPTIONS: StreamsOptions = {
  ...{ clients: 100, messages: 100_000, bare: false, replicas: 3, kills: 2, timeoutS: 60, keep: false },
  mode: { replication: 'semi-active', multicast: 'direct', release: 'acknowledged', carrier: 'stream', leaseMs: 300 },
};

const run = (example: string, problems: readonly Problem[] = []): ReplicatedStreamsRun => ({
  measured: { replies: Array.from({ length: 200 }, (_, atMs) => ({ atMs })), startedAtMs: -1, endedAtMs: 199 },
  proof: {
    problemCount: problems.length,
    problemCounts: Object.fromEntries(problems.map(({ kind }) => [kind, 1])),
    problems,
    claims: [{ kinds: ['gap'], lines: ['everything came'] }],
  },
  timeline: [
    { kind: 'serves', atMs: -2_000, term: 1, replica: `${example}-1`, inSync: 3, gapMs: undefined },
    { kind: 'killed', atMs: 66, term: 1, replica: `${example}-1`, inSync: 3, gapMs: 1_234.4 },
  ],
  shortcomings: [],
});

describe.each([GUIDE_DEMO, CHAT_DEMO])('the report on the $title', (demo) => {
  const good = run(demo.example);

  it('shows the timeline, the gaps, the rates and the proof in 80 columns', () => {
    const text = plain(streamsReport(good, good, demo, OPTIONS));
    expect(text).toMatch(/0\.067 s +1 +\S+-1 +killed after 67 messages +1234 ms/);
    expect(text).toMatch(/until the first kill, undisturbed +1,000 +1,000 +1\.00/);
    expect(text).toContain('  ok   everything came');
    expect(text).not.toContain('FAIL');
    expect(Math.max(...text.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(80);
  });

  it('of a run with problems names them', () => {
    const bad = run(demo.example, [{ kind: 'gap', text: 'guest 1 heard nothing' }]);
    const text = plain(streamsReport(good, { ...bad, shortcomings: ['a kill came too late'] }, demo, OPTIONS));
    expect(text).toMatch(/FAIL everything came\n +not so in 1 cases/);
    expect(text).toContain('gap: guest 1 heard nothing');
    expect(text).toContain('FAIL a kill came too late');
  });

  it('of a run without replicas has the rate and the proof', () => {
    const text = plain(bareReport(good, demo, OPTIONS));
    expect(text).toContain('200 in 0.200 s: 1,000 a second');
    expect(text).toContain('  ok   everything came');
  });
});
