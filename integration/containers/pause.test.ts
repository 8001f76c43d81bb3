import { describe, expect, it } from 'vitest';
import { ContainerStage, MODE, modeText, STEADY_MODE } from './stage.js';

/** The id of a call that must not take effect: the history has no place left for it. */
const LATE_ID = 4_000_000_000;
const LATE = /"event":"(?:deposed|removed|rejoins|stepped back)[^"]*"|"role":"deposed"/;

describe('SIGSTOP for longer than the lease, each replica in a container', () => {
  const stage = new ContainerStage();

  it.each(
    [MODE, { ...MODE, multicast: 'destination' as const }, { ...MODE, release: 'acknowledged' as const }].map(
      (mode) => ({ name: modeText(mode), mode }),
    ),
  )('of a primary that wakes with clients connected makes it release no reply: $name', async ({ mode }) => {
    const { unknown, none } = await stage.play({ mode }, async ({ bank, load }) => {
      const { term, primary } = bank.record;
      await bank.pause(primary.id);
      // The call waits in the socket of the paused replica, which still takes itself for primary when it reads the
      // call.
      const late = bank.deposit(primary.id, LATE_ID);
      await bank.until((record) => record.term > term);
      await load.recording.answeredMore(100);
      // The replica wakes with requests in its sockets and a state that the group no longer has.
      await bank.resume(primary.id);
      const { code, details } = await late;
      expect(code).not.toBe(0);
      expect(details).toMatch(/UNDERSTUDY_|Connection dropped|ECONNRESET/);
      await bank.untilLogged(new RegExp(`^${primary.id} .*${LATE.source}`));
      await bank.until(({ inSync }) => inSync.length === 3);
    });
    // A late reply would name a place in the history that belongs to another call.
    expect(unknown + none).toBe(0);
  });

  it('of a backup loses no call', async () => {
    const { unknown, none } = await stage.play({ mode: STEADY_MODE }, async ({ bank, load }) => {
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
