/** The play that clients of every language are put through: a SIGKILL of the primary and a hand-over, under load. */
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { blocksOf } from '../../packages/docs/dist/pages/markdown.js';
import { type Group, MODE, withGroup } from '../group.js';
import { Load, type Program } from './load.js';

const IN_FLIGHT = 16;
/** Calls that are answered before the first disturbance, between the two, and after the second. */
const UNDISTURBED = 500;

const PAGE = readFileSync(new URL('../../packages/docs/other-languages.md', import.meta.url), 'utf8');
/** The service config that the documentation tells users of other languages to take. */
export const SERVICE_CONFIG: object = JSON.parse(
  blocksOf(PAGE).find(({ language }) => language === 'json')?.code ?? '',
);

/** A target that names replicas by their addresses. */
export const targetOf = ({ replicas }: Group, ids: readonly string[] = replicas.ids): string =>
  `ipv4:${ids.map((id) => replicas.addressOf(id)).join()}`;

/**
 * Keeps calls in flight while the primary is killed and the next one told to end, with the documented service config and
 * a key for each call. Expects that no call fails, and that each has its effect once.
 */
export const playFollowing = (language: string, program: Program): Promise<void> =>
  withGroup({}, async (group) => {
    const { stage, replicas } = group;
    const load = new Load(stage, program, targetOf(group), SERVICE_CONFIG, IN_FLIGHT);
    try {
      await load.answered(UNDISTURBED);
      const killed = await replicas.killPrimary(() => false);
      await replicas.until(() => replicas.replaceablePrimary !== undefined);
      await load.answered(UNDISTURBED);
      const next = replicas.childOf(replicas.primary?.replica.id ?? '');
      next.terminate();
      expect(await stage.until(next.exited)).toBe('exit status 0');
      await load.answered(UNDISTURBED);

      const { replies, failures, triedAgain, longestGapMs } = await load.stop();
      const gap = `no reply for ${longestGapMs.toFixed(0)} ms at a lease of ${MODE.leaseMs} ms`;
      console.log(`${language}: ${replies.length} calls, ${failures.length} failed, ${triedAgain} made again; ${gap}`);
      expect(failures).toEqual([]);
      expect(replicas.primary?.term).toBe((killed?.term ?? 0) + 2);
      // Each deposit adds as much, and tells how many took effect until then. If one had two effects, a number is missing.
      const effects = replies.map(({ sequence, balanceCents }) => `${sequence}: ${balanceCents}`);
      expect(new Set(effects)).toEqual(new Set(replies.map((_, index) => `${index + 1}: ${(index + 1) * 100}`)));
      expect(new Set(replies.map(({ operationId }) => operationId)).size).toBe(replies.length);
    } finally {
      load.kill();
    }
  });
