import type { GroupRecord, Member } from '@understudy/core';
import type { NestedCaller } from '@understudy/core/internal';
import { textOf } from '@understudy/core/testing';
import { describe, expect, it } from 'vitest';
import { bank } from '../services/bank.js';
import { Ledger } from '../services/ledger.js';
import { type ActingReplica, Outside } from './outside.js';

const record = { group: 'g', origin: '1', term: 0, inSync: [] as Member[] } as unknown as GroupRecord;
const plan = { once: { share: 1, runMs: 0, throws: 0 }, nested: undefined };
const caller = { client: 'g/1', term: 1, id: { orderNum: 1, index: 0 }, settledUpTo: 0 } as NestedCaller;

const primary = (name: string, lives: number): ActingReplica => {
  const status = { role: 'primary', term: 1, stableUpTo: 9 };
  return { name, lives, alive: true, member: {}, status, core: { progress: status } } as unknown as ActingReplica;
};

function outside(): { outside: Outside; ledger: Ledger; text: string } {
  const ledger = new Ledger(bank);
  const text = `m1.1 ${ledger.place}`;
  return { outside: new Outside({ servers: [], coordinator: { record }, plan }), ledger, text };
}

describe('the outside world', () => {
  it('lets a successor run a function again with another result, and either result may survive', () => {
    const { outside: world, ledger, text } = outside();
    world.begins(primary('S1', 1), caller, false, text);
    const first = textOf(world.acts(caller, text, false).message);
    world.begins(primary('S2', 1), caller, true, text);
    const second = textOf(world.acts(caller, text, false).message);
    expect(second).not.toBe(first);
    for (const survivor of [first, second]) {
      const { ledger: final } = outside();
      final.hear(`m1.1=${survivor}`);
      world.check(final);
    }
    expect(() => world.check(ledger)).toThrow('the group does not know of it');
    ledger.hear('m1.1=something else');
    expect(() => world.check(ledger)).toThrow('and the group has something else');
  });

  it('notices a function that runs twice in a life, again as if for the first time, or after its result is stable', () => {
    const { outside: world, text } = outside();
    world.begins(primary('S1', 1), caller, false, text);
    expect(() => world.begins(primary('S1', 1), caller, true, text)).toThrow('twice in a life');
    expect(() => world.begins(primary('S2', 1), caller, false, text)).toThrow('as if for the first time');
    world.stable('g/1', 'm1.1=1');
    expect(() => world.begins(primary('S2', 1), caller, true, text)).toThrow('whose result is stable');
  });

  it('notices one effect under two keys', () => {
    const { outside: world, text } = outside();
    const other = { ...caller, id: { orderNum: 2, index: 0 } } as NestedCaller;
    world.acts(caller, text, false);
    expect(() => world.acts(other, text, false)).toThrow('takes effect as 1.0 and as 2.0');
  });
});
