import { describe, expect, it } from 'vitest';
import { KINDS } from '../../packages/workshop/dist/load/connect.js';
import { HALF_OF_MODES } from '../../packages/workshop/dist/soak/plan.js';
import { LONG_LEASE_MS } from '../group.js';
import type { Recording } from '../history/load.js';
import { ContainerStage, longestSilence, MODE, modeText } from './stage.js';

describe('SIGKILL of the primary, each replica in a container', () => {
  const stage = new ContainerStage();

  // These eight modes have every triple of values; kills.test.ts kills primaries in the other eight, without containers.
  it.each(HALF_OF_MODES.map((mode) => ({ name: modeText(mode), mode })))(
    'loses no call in mode $name',
    async ({ name, mode }) => {
      let silenceMs = 0;
      let callers: Recording | undefined;
      const kinds = ['interceptor', 'keyed'] as const;
      const { answered, unknown } = await stage.play({ mode, clients: kinds }, async ({ bank, load }) => {
        const { term } = bank.record;
        const atMs = await bank.kill(bank.primary);
        await bank.until((record) => record.term > term);
        silenceMs = await longestSilence(load, atMs);
        callers = load.recording;
      });
      console.log(`${name}: no reply for ${silenceMs.toFixed(0)} ms; ${answered} answered, ${unknown} unknown`);
      // Keyed callers may see the failover, because a retry may come too late.
      expect(callers?.failed).toBe(0);
    },
  );

  it('leaves clients of all other kinds, who call at once, a history as of a single bank', async () => {
    const clients = KINDS.filter((kind) => kind !== 'interceptor');
    const { answered, unknown, none } = await stage.play({ clients }, async ({ bank }) => {
      const { term } = bank.record;
      await bank.kill(bank.primary);
      await bank.until((record) => record.term > term);
    });
    console.log(`${clients.join(', ')}: ${answered} answered, ${unknown} unknown, ${none} without effect`);
  });

  it('three times in a row loses no call, with each replica started again', async () => {
    const { unknown, none } = await stage.play({}, async ({ bank, load }) => {
      for (let nth = 1; nth <= 3; nth++) {
        const { term, primary } = bank.record;
        await bank.kill(primary.id);
        await bank.until((record) => record.term > term);
        await bank.remove(primary.id);
        await bank.run(primary.id);
        await bank.until(({ inSync }) => inSync.length === 3);
        await load.recording.answeredMore(100);
      }
    });
    expect(unknown + none).toBe(0);
  });

  it('of a backup makes no caller wait longer than its removal takes', async () => {
    let silenceMs = 0;
    const { unknown, none } = await stage.play({}, async ({ bank, load }) => {
      const [backup = ''] = bank.backups;
      const atMs = await bank.kill(backup);
      await bank.until(({ inSync }) => inSync.length === 2);
      silenceMs = await longestSilence(load, atMs);
    });
    console.log(`a backup was killed: no reply for ${silenceMs.toFixed(0)} ms`);
    expect(unknown + none).toBe(0);
  });
});

describe('SIGTERM, each replica in a container', () => {
  const stage = new ContainerStage();

  it('of all three in a rolling restart loses no call', async () => {
    const silences: number[] = [];
    const { unknown, none } = await stage.play(
      { mode: { ...MODE, leaseMs: LONG_LEASE_MS } },
      async ({ bank, load }) => {
        for (const name of bank.names) {
          const { term } = bank.record;
          const wasPrimary = bank.primary === name;
          const atMs = await bank.terminate(name);
          if (wasPrimary) await bank.until((record) => record.term > term);
          silences.push(await longestSilence(load, atMs));
          await bank.remove(name);
          await bank.run(name);
          await bank.until(({ inSync }) => inSync.length === 3);
        }
      },
    );
    console.log(`rolling restart: no reply for ${silences.map((ms) => ms.toFixed(0)).join(', ')} ms`);
    // A primary that hands over says so, and no replica waits for its lease to run out.
    for (const silenceMs of silences) expect(silenceMs).toBeLessThan(LONG_LEASE_MS);
    expect(unknown + none).toBe(0);
  });
});
