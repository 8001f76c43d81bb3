import { describe, expect, it } from 'vitest';
import { ContainerStage, MODE, modeText } from './stage.js';

/** Of a call that must not take effect: no place of the history is left for it. */
const LATE_ID = 4_000_000_000;
const LATE = /"event":"(?:deposed|removed|rejoins|stepped back)[^"]*"|"role":"deposed"/;

describe('SIGSTOP for longer than the lease, each replica in a container', () => {
  const stage = new ContainerStage();

  it.each(
    [MODE, { ...MODE, multicast: 'destination' as const }, { ...MODE, release: 'acknowledged' as const }].map(
      (mode) => ({ name: modeText(mode), mode }),
    ),
  )('a primary that comes back while it holds clients releases nothing: $name', async ({ mode }) => {
    const { unknown, none } = await stage.play({ mode }, async ({ bank, load }) => {
      const { term, primary } = bank.record;
      await bank.pause(primary.id);
      // Waits in its socket; in its own eyes it is still primary when it reads it.
      const late = bank.deposit(primary.id, LATE_ID);
      await bank.until((record) => record.term > term);
      await load.recording.answeredMore(100);
      // It wakes with requests of clients in its sockets, and a state that is not the group's.
      await bank.resume(primary.id);
      const { code, details } = await late;
      expect(code).not.toBe(0);
      expect(details).toMatch(/UNDERSTUDY_|Connection dropped|ECONNRESET/);
      await bank.untilLogged(new RegExp(`^${primary.id} .*${LATE.source}`));
      await bank.until(({ inSync }) => inSync.length === 3);
    });
    // What it said late would be a place in the history that another call has.
    expect(unknown + none).toBe(0);
  });

  it('a backup', async () => {
    const { unknown, none } = await stage.play({}, async ({ bank, load }) => {
      const [backup = ''] = bank.backups;
      await bank.pause(backup);
      await bank.until(({ inSync }) => inSync.length === 2);
      await load.recording.answeredMore(100);
      await bank.resume(backup);
      await bank.until(({ inSync }) => inSync.length === 3);
    });
    expect(unknown + none).toBe(0);
  });
});
