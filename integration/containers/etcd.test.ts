import { describe, expect, it } from 'vitest';
import { ContainerStage, longestSilence, type Scene, STEADY_MODE } from './stage.js';

/**
 * How much longer a failover may take than one beside a whole etcd, besides an election. Both are measured in the same
 * test, so a busy machine makes both take longer.
 */
const RATIO_MAX = 3;

/** Kills the primary, and brings the replica back. Resolves with the longest time without a reply, milliseconds. */
async function failOver({ bank, load }: Scene, untilBack: () => Promise<void> = async () => {}): Promise<number> {
  const { term, primary } = bank.record;
  const atMs = await bank.kill(primary.id);
  await bank.until((record) => record.term > term);
  const silenceMs = await longestSilence(load, atMs);
  await untilBack();
  await bank.remove(primary.id);
  await bank.run(primary.id);
  await bank.until(({ inSync }) => inSync.length === 3);
  return silenceMs;
}

describe('an etcd of three members, each in a container', () => {
  const stage = new ContainerStage(3);

  it('loses any one member, and a failover waits for another leader, or for nobody', async () => {
    const { unknown, none } = await stage.play({}, async (scene) => {
      const { etcd } = scene;
      const wholeMs = await failOver(scene);
      for (const role of ['a follower', 'the leader', 'a follower']) {
        const before = await etcd.led();
        const leads = role === 'the leader';
        const member = etcd.names.find((name) => (name === before.leader) === leads) ?? '';
        const beganMs = Number(process.hrtime.bigint()) / 1e6;
        await etcd.pause(member);
        const others = etcd.names.filter((name) => name !== member);
        const led = etcd.led(others);
        let { leader, term } = before;
        const silenceMs = await failOver(scene, async () => {
          ({ leader, term } = await etcd.led(others));
          await etcd.resume(member);
        });
        const electionMs = leads ? (await led).atMs - beganMs : 0;
        console.log(
          `${role} stands still: no reply for ${silenceMs.toFixed(0)} ms, ` +
            `${wholeMs.toFixed(0)} ms beside a whole etcd; an election took ${electionMs.toFixed(0)} ms`,
        );
        if (leads) expect(term).toBeGreaterThan(before.term);
        else expect({ leader, term }).toEqual({ leader: before.leader, term: before.term });
        expect(silenceMs).toBeLessThan(electionMs + RATIO_MAX * wholeMs);
      }
    });
    expect(unknown + none).toBe(0);
  });

  it('changes its leader during a failover, and the failover succeeds', async () => {
    const { unknown, none } = await stage.play({}, async ({ bank, etcd }) => {
      const { term, primary } = bank.record;
      const { leader, term: etcdTerm } = await etcd.led();
      await Promise.all([etcd.pause(leader), bank.kill(primary.id)]);
      await bank.until((record) => record.term > term);
      const next = await etcd.led(etcd.names.filter((name) => name !== leader));
      expect(next.term).toBeGreaterThan(etcdTerm);
      await etcd.resume(leader);
    });
    expect(unknown + none).toBe(0);
  });

  it('is lost completely: the group serves on, and a change of the group waits and is reported to wait', async () => {
    const { unknown, none } = await stage.play({ mode: STEADY_MODE }, async ({ bank, etcd, load }) => {
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
    const { unknown, none } = await stage.play({ mode: STEADY_MODE }, async ({ bank, etcd, load, wires }) => {
      const primary = bank.idOf(bank.primary);
      const members = etcd.names.map((name) => etcd.idOf(name));
      await Promise.all(members.map((member) => wires.silence(primary, member)));
      await load.recording.answeredMore(500);
      await Promise.all(members.map((member) => wires.restore(primary, member)));
    });
    expect(unknown + none).toBe(0);
  });
});
