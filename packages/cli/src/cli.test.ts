import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { embeddedCoordinator } from '@understudy/coordinator-embedded';
import type { Coordinator, Epoch, GroupRecord, Incarnation, Member, OrderNum, ReplicaId, Term } from '@understudy/core';
import { NO_EPOCH } from '@understudy/core/internal';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const GROUP = 'bank';

const member = (number: number, life = number): Member => ({
  id: `bank-${number}` as ReplicaId,
  incarnation: life.toString(16).padStart(2, '0').repeat(16) as Incarnation,
});

const record: GroupRecord = {
  version: 1,
  group: GROUP,
  origin: member(1).incarnation,
  secret: 'of tests',
  epoch: 1 as Epoch,
  term: 4 as Term,
  primary: member(1),
  inSync: [member(1), member(2)],
  addresses: { 'bank-1': '127.0.0.1:50051', 'bank-2': '127.0.0.2:50051', 'bank-4': '127.0.0.4:50051' },
  adoptedThrough: [{ term: 4 as Term, through: 41 as OrderNum }],
  settings: '{}',
  code: [{ term: 1 as Term, version: 'bank@1.0.0', replication: 'semi-active' }],
  forced: false,
  ended: false,
};

let dir: string;
let coordinator: Coordinator;
let announced: Coordinator[];

interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const understudy = (...args: string[]): Promise<Result> =>
  new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });

const status = (...args: string[]) => understudy('status', '--dir', dir, ...args);
const force = (replica: string, ...args: string[]) =>
  understudy('force', '--dir', dir, '--group', GROUP, '--replica', replica, ...args);

async function runs(replica: Member, address: string): Promise<void> {
  const own = embeddedCoordinator(dir)(GROUP);
  announced.push(own);
  await own.announce({ member: replica, address });
}

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'understudy-'));
  coordinator = embeddedCoordinator(dir)(GROUP);
  announced = [];
  await coordinator.compareAndSwap(NO_EPOCH, record);
});
afterEach(async () => {
  await Promise.all([coordinator, ...announced].map((each) => each.close()));
  await rm(dir, { recursive: true });
});

describe('understudy status', () => {
  it('shows the record, and for each replica its role, its life and whether it runs', async () => {
    await runs(member(1), '127.0.0.1:50051');
    await runs(member(2, 9), '127.0.0.2:50052');
    await runs(member(3), '127.0.0.3:50051');
    const { code, out, err } = await status('--wide', '--record-only');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toBe(
      [
        'group bank',
        '  term 4, epoch 1; 1 of 2 in-sync replicas run',
        '  term 4 adopted orders through 41',
        '',
        '  replica             role       in sync  lag     term   version       load       life      address',
        '  bank-1              primary    yes      -       -      -             -          01010101  127.0.0.1:50051',
        '  bank-2              gone       yes      -       -      -             -          02020202  127.0.0.2:50051',
        '  bank-2              joining    no       -       -      -             -          09090909  127.0.0.2:50052',
        '  bank-3              joining    no       -       -      -             -          03030303  127.0.0.3:50051',
        '  bank-4              gone       no       -       -      -             -          -         127.0.0.4:50051',
        '',
      ].join('\n'),
    );
  });

  it('says of a replica that is announced and not reached why it does not answer', async () => {
    await runs(member(1), '127.0.0.1:1');
    const { code, out } = await status();
    expect(code).toBe(0);
    expect(out).toContain('bank-1: does not answer: connect ECONNREFUSED 127.0.0.1:1\n');
    const { out: json } = await status('--json');
    expect(JSON.parse(json).groups[0].replicas).toContainEqual(
      expect.objectContaining({ id: 'bank-1', silence: { kind: 'unreachable', why: expect.any(String) } }),
    );
  });

  it('shows which replicas have other code or other settings than those in force', async () => {
    const brings = { settings: '{"leaseMs":400}', version: 'bank@1.1.0', replication: 'semi-active' } as const;
    const own = embeddedCoordinator(dir)(GROUP);
    announced.push(own);
    await own.announce({ member: member(2), address: '127.0.0.2:50051', brings });
    const { out } = await status();
    expect(out).toContain("  bank-2 runs bank@1.1.0; the primary's code is bank@1.0.0\n");
    expect(out).toContain('  bank-2 waits with other settings until it is primary: leaseMs\n');
    const { out: json } = await status('--json');
    expect(JSON.parse(json).groups[0].replicas).toContainEqual(
      expect.objectContaining({ id: 'bank-2', version: 'bank@1.1.0', waitsWith: ['leaseMs'] }),
    );
  });

  it('prints the same as JSON with --json', async () => {
    await runs(member(1), '127.0.0.1:50051');
    const { code, out } = await status('--json', '--record-only', '--group', GROUP);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      groups: [
        {
          group: GROUP,
          record,
          problems: [],
          replicas: [
            { ...member(1), role: 'primary', runs: true, address: '127.0.0.1:50051' },
            { ...member(2), role: 'in sync', runs: false, address: '127.0.0.2:50051' },
            { id: 'bank-4', role: 'out of sync', runs: false, address: '127.0.0.4:50051' },
          ],
        },
      ],
    });
  });

  it('fits into 80 columns and prints no control characters, whatever names it finds', async () => {
    const group = `\u001b[2J${'g'.repeat(300)}`;
    const long = { id: `\u001b[31m${'r'.repeat(300)}` as ReplicaId, incarnation: member(1).incarnation };
    const addresses = { [long.id]: `${'h'.repeat(300)}:1` };
    const other = embeddedCoordinator(dir)(group);
    await other.compareAndSwap(NO_EPOCH, { ...record, group, primary: long, inSync: [long], addresses });
    await other.close();
    const { code, out } = await status();
    expect(code).toBe(0);
    expect(out.match(/^group /gm)).toHaveLength(2);
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(out).not.toContain('\u001b');
  });

  it('shows the other groups when one cannot be read, and exits with 1', async () => {
    await embeddedCoordinator(dir)('shop').compareAndSwap(NO_EPOCH, { ...record, group: 'shop' });
    await writeFile(join(dir, 'group-shop', 'record-1.json'), '');
    const { code, out, err } = await status();
    expect(code).toBe(1);
    expect(out).toContain('group bank');
    expect(err).toMatch(/^UNDERSTUDY_RECORD_DAMAGED: .*record-1\.json.*\n$/);
    const json = JSON.parse((await status('--json')).out) as { groups: unknown[] };
    expect(json.groups).toMatchObject([{ group: 'bank', record }, { error: { code: 'UNDERSTUDY_RECORD_DAMAGED' } }]);
  });

  it('fails when the group or the directory does not exist, and creates neither', async () => {
    const group = await status('--group', 'shop');
    expect(group).toMatchObject({ code: 1, out: '' });
    expect(group.err).toMatch(/^UNDERSTUDY_SETUP: group "shop" has no record .*\n$/);
    const directory = await understudy('status', '--dir', join(dir, 'nowhere'));
    expect(directory.code).toBe(1);
    expect(directory.err).toMatch(/^UNDERSTUDY_COORDINATOR: .*ENOENT.*\n$/);
    expect(await readdir(dir)).toEqual(['group-bank']);
  });
});

describe('understudy force', () => {
  const forced = (chosen: Member, address: string): GroupRecord => ({
    ...record,
    origin: chosen.incarnation,
    epoch: 2 as Epoch,
    term: 5 as Term,
    primary: chosen,
    inSync: [chosen],
    addresses: { ...record.addresses, [chosen.id]: address },
    forced: true,
    ended: false,
  });

  it('explains what may be lost, and changes nothing, without --yes', async () => {
    await runs(member(3), '127.0.0.3:50051');
    const { code, out, err } = await force('bank-3');
    expect(code).toBe(1);
    expect(out).toContain('In sync now, and not running: "bank-1", "bank-2"');
    expect(out).toContain('lost for good');
    expect(err).toMatch(/^UNDERSTUDY_SETUP: nothing was changed; add --yes.*\n$/);
    expect(await coordinator.read()).toEqual(record);
  });

  it('makes the chosen replica, in its present life, the primary and the only one in sync', async () => {
    await runs(member(2, 9), '127.0.0.2:50052');
    const { code, out, err } = await force('bank-2', '--yes');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toBe('"bank-2" is the primary of "bank" in term 5.\n');
    expect(await coordinator.read()).toEqual(forced(member(2, 9), '127.0.0.2:50052'));
    expect((await status()).out).toContain('forced: an operator chose the primary');
  });

  it('says with --json what it did, or why it did nothing', async () => {
    await runs(member(2, 9), '127.0.0.2:50052');
    const refused = await force('bank-2', '--json');
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.out).error).toMatchObject({ code: 'UNDERSTUDY_SETUP' });
    const { code, out, err } = await force('bank-2', '--yes', '--json');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(JSON.parse(out)).toEqual({ group: GROUP, replica: 'bank-2', done: 'forced', term: 5 });
  });

  it.each([2, 3])('refuses bank-%i while the in-sync replica bank-2 runs', async (number) => {
    await runs(member(2), '127.0.0.2:50051');
    await runs(member(3), '127.0.0.3:50051');
    const { code, err } = await force(`bank-${number}`, '--yes');
    expect(code).toBe(1);
    expect(err).toMatch(/^UNDERSTUDY_SETUP: "bank-2" runs and holds everything.*\n$/);
    expect(await coordinator.read()).toEqual(record);
  });

  it('forces the record although an in-sync replica runs, with --yes-even-though-others-run', async () => {
    await runs(member(2), '127.0.0.2:50051');
    await runs(member(3), '127.0.0.3:50051');
    expect((await force('bank-3', '--yes-even-though-others-run')).code).toBe(0);
    expect(await coordinator.read()).toEqual(forced(member(3), '127.0.0.3:50051'));
  });

  it('refuses while a replica runs that knows a later record, because that one would not take the forced one', async () => {
    await coordinator.announce({ member: member(3), address: '127.0.0.3:50051', epoch: 7 as Epoch });
    const { code, err } = await force('bank-3', '--yes-even-though-others-run');
    expect(code).toBe(1);
    expect(err).toMatch(
      /^UNDERSTUDY_SETUP: .*"bank-3" runs and knows one of epoch 7.*understudy restore .*--replica bank-3\n$/,
    );
    expect(await coordinator.read()).toEqual(record);
  });

  it('refuses a replica that does not run, and one that two processes run', async () => {
    expect((await force('bank-1', '--yes')).err).toMatch(/^UNDERSTUDY_SETUP: .*"bank-1" does not run.*none does\n$/);
    await runs(member(3), '127.0.0.3:50051');
    expect((await force('bank-1', '--yes')).err).toMatch(/"bank-1" does not run.*"bank-3"\n$/);
    await runs(member(3, 9), '127.0.0.3:50052');
    expect((await force('bank-3', '--yes')).err).toMatch(/^UNDERSTUDY_SETUP: 2 processes run as "bank-3"/);
    expect(await coordinator.read()).toEqual(record);
  });
});

describe('the command', () => {
  const commands = 'status watch log doctor force stepdown add remove replace restore completion'.split(' ');

  it.each(['understudy', ...commands.map((name) => `understudy ${name}`)])(
    'prints its usage: %s --help',
    async (command) => {
      const { code, out, err } = await understudy(...command.split(' ').slice(1), '--help');
      expect({ code, err }).toEqual({ code: 0, err: '' });
      expect(out).toContain(`Usage: ${command}`);
      expect(out).toContain('Exit codes:');
      expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    },
  );

  it('suggests the command that was probably meant', async () => {
    const { err } = await understudy('stauts');
    expect(err).toBe("error: unknown command 'stauts' (Did you mean status?); see understudy --help\n");
  });

  it.each([
    [['status']],
    [['status', '--dir']],
    [['status', '--dir', '.', '--colour']],
    [['stauts']],
    [['force', '--dir', '.', '--group', 'bank']],
  ])('exits with 2 and prints one line when its arguments are wrong: %j', async (args) => {
    const { code, out, err } = await understudy(...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(/^error: .*\n$/);
  });

  it('exits with 2 and prints its help when it has no arguments', async () => {
    const { code, err } = await understudy();
    expect(code).toBe(2);
    expect(err).toContain('Usage: understudy');
  });
});
