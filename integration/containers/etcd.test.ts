import { describe, expect, it } from 'vitest';
import { ContainerStage, longestSilence } from './stage.js';

describe('an etcd of three members, each in a container', () => {
  const stage = new ContainerStage(3);

  it('loses any one member, and a failover waits at most for another leader', async () => {
    const { unknown, none } = await stage.play({}, async ({ bank, etcd, load }) => {
      for (const member of etcd.names) {
        const leads = (await etcd.leader()) === member;
        await etcd.pause(member);
        const { term, primary } = bank.record;
        const atMs = await bank.kill(primary.id);
        await bank.until((record) => record.term > term);
        const silenceMs = await longestSilence(load, atMs);
        console.log(`${leads ? 'the leader' : 'a follower'} stands still: no reply for ${silenceMs.toFixed(0)} ms`);
        // Far more than another leader takes, on a busy machine too.
        expect(silenceMs).toBeLessThan(30_000);
        await etcd.resume(member);
        await bank.remove(primary.id);
        await bank.run(primary.id);
        await bank.until(({ inSync }) => inSync.length === 3);
      }
    });
    expect(unknown + none).toBe(0);
  });

  it('changes its leader during a failover, and the failover succeeds', async () => {
    const { unknown, none } = await stage.play({}, async ({ bank, etcd }) => {
      const { term, primary } = bank.record;
      const leader = await etcd.leader();
      await Promise.all([etcd.pause(leader), bank.kill(primary.id)]);
      await bank.until((record) => record.term > term);
      await etcd.resume(leader);
    });
    expect(unknown + none).toBe(0);
  });

  it('is lost completely: the group serves on, and a change of the group waits and is reported to wait', async () => {
    const { unknown, none } = await stage.play({}, async ({ bank, etcd, load }) => {
      await etcd.pause(...etcd.names);
      await load.recording.answeredMore(500);
      const { primary } = bank;
      const [gone = ''] = bank.backups;
      const { epoch } = bank.record;
      await bank.kill(gone);
      await bank.untilLogged(new RegExp(`^${primary} .*a change of the record waits for the coordinator.*"silent"`));
      const { role, recordChange } = await bank.status(primary);
      expect(role).toBe('ROLE_PRIMARY');
      expect(recordChange).toMatch(/^silent \(epoch \d+\) waits for the coordinator: /);
      await etcd.resume(...etcd.names);
      await bank.until((record) => record.epoch > epoch && record.inSync.length === 2);
      await load.recording.answeredMore(100);
      expect((await bank.status(primary)).recordChange).toBeUndefined();
    });
    expect(unknown + none).toBe(0);
  });

  it('is lost completely, and then the primary: the group waits, and continues when etcd is back', async () => {
    const { unknown, none } = await stage.play({}, async ({ bank, etcd, load }) => {
      const { term, primary } = bank.record;
      await etcd.pause(...etcd.names);
      await bank.kill(primary.id);
      await bank.untilLogged(/a change of the record waits for the coordinator.*"claim"/);
      await etcd.resume(...etcd.names);
      await bank.until((record) => record.term > term);
      await load.recording.answeredMore(100);
    });
    expect(unknown + none).toBe(0);
  });

  it('cannot be reached by the primary only, and the group continues', async () => {
    const { unknown, none } = await stage.play({}, async ({ bank, etcd, load, wires }) => {
      const primary = bank.idOf(bank.primary);
      const members = etcd.names.map((name) => etcd.idOf(name));
      await Promise.all(members.map((member) => wires.silence(primary, member)));
      await load.recording.answeredMore(500);
      await Promise.all(members.map((member) => wires.restore(primary, member)));
    });
    expect(unknown + none).toBe(0);
  });
});
