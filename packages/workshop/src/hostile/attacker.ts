/** The process of a hostile client; the only argument is an AttackJob as JSON. Its attacks take turns. */
import { once } from 'node:events';
import { monotonicMs } from '../hosting/clock.js';
import { endWithParent, tellParent } from '../hosting/parent.js';
import { ATTACKS, Attack } from './attacks.js';
import type { AttackCommand, AttackJob, AttackMessage, AttackResult } from './messages.js';

const job = JSON.parse(process.argv[2] ?? '{}') as AttackJob;
const tell = (message: AttackMessage): void => tellParent(message);
endWithParent();

const stretchMs = (job.seconds * 1_000) / job.attacks.length;
const results: AttackResult[] = [];
for (const [index, name] of job.attacks.entries()) {
  const command = once(process, 'message');
  tell({ kind: 'next', attack: name });
  const [{ addresses }] = (await command) as [AttackCommand];
  const attack = new Attack(addresses, monotonicMs() + stretchMs);
  await ATTACKS[name](attack, job.seed + index);
  results.push(attack.result(name));
}
tell({ kind: 'done', results });
