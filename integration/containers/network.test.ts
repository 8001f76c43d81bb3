import { describe, expect, it } from 'vitest';
import { ContainerStage, longestSilence, STEADY_MODE } from './stage.js';

describe('a network that is cut, each replica in a container', () => {
  const stage = new ContainerStage();

  it('between the primary and all others heals, and no call is lost', async () => {
    const { unknown, none } = await stage.play({}, async ({ bank, load }) => {
      const { term, primary } = bank.record;
      await bank.disconnect(primary.id);
      await bank.until((record) => record.term > term);
      await load.recording.answeredMore(100);
      await bank.reconnect(primary.id);
      await bank.until(({ inSync }) => inSync.length === 3);
    });
    expect(unknown + none).toBe(0);
  });

  it('between a backup and all others heals, and the backup returns', async () => {
    const { unknown, none } = await stage.play({ mode: STEADY_MODE }, async ({ bank, load }) => {
      const [backup = ''] = bank.backups;
      await bank.disconnect(backup);
      await bank.until(({ inSync }) => inSync.length === 2);
      await load.recording.answeredMore(100);
      await bank.reconnect(backup);
      await bank.until(({ inSync }) => inSync.length === 3);
    });
    expect(unknown + none).toBe(0);
  });

  it('between a client and one backup keeps no call from ending', async () => {
    const { unknown, none } = await stage.play({ mode: STEADY_MODE }, async ({ bank, load, wires }) => {
      const [backup = ''] = bank.backups;
      const [client, replica] = [load.id, bank.idOf(backup)];
      await wires.cut(client, replica);
      await load.recording.answeredMore(300);
      await wires.mend(client, replica);
    });
    expect(unknown + none).toBe(0);
  });

  it('between a client and the primary makes its calls wait or end as unknown', async () => {
    const { violations } = await stage.play({}, async ({ bank, load, wires }) => {
      const [client, replica] = [load.id, bank.idOf(bank.primary)];
      await wires.cut(client, replica);
      await bank.passLease();
      await wires.mend(client, replica);
    });
    expect(violations).toEqual([]);
  });

  it('in one direction, so that nobody hears the primary, loses no call', async () => {
    let silenceMs = 0;
    await stage.play({}, async ({ bank, load, wires }) => {
      const { term, primary } = bank.record;
      const others = bank.backups.map((name) => bank.idOf(name));
      const atMs = Number(process.hrtime.bigint()) / 1e6;
      await Promise.all(others.map((other) => wires.silence(bank.idOf(primary.id), other)));
      // Both sides notice the silence at the same time; the first to reach etcd continues.
      await bank.until((record) => record.term > term || record.inSync.length === 1);
      silenceMs = await longestSilence(load, atMs);
      await Promise.all(others.map((other) => wires.restore(bank.idOf(primary.id), other)));
      await bank.until(({ inSync }) => inSync.length === 3);
    });
    console.log(`one-way loss from the primary: no reply for ${silenceMs.toFixed(0)} ms`);
  });

  it('in one direction, so that the primary does not hear one backup, loses no call', async () => {
    await stage.play({ mode: STEADY_MODE }, async ({ bank, wires }) => {
      const [backup = ''] = bank.backups;
      const [from, to] = [bank.idOf(backup), bank.idOf(bank.primary)];
      await wires.silence(from, to);
      await bank.until(({ inSync }) => inSync.length === 2);
      await wires.restore(from, to);
      await bank.until(({ inSync }) => inSync.length === 3);
    });
  });
});
