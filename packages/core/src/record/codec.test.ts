import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UnderstudyError } from '../model/error.js';
import type { GroupRecord } from '../model/record.js';
import { A, B, recordJson as json } from '../testing/sample-record.js';
import { parseRecord, recordFromJson, recordToJson, sameRecord } from './codec.js';

const record = (changes: object = {}): GroupRecord => parseRecord(json(changes), 'bank');

function problemOf(read: () => unknown): UnderstudyError {
  try {
    read();
  } catch (error) {
    if (error instanceof UnderstudyError) return error;
    throw error;
  }
  throw new Error('was accepted');
}

describe('a record', () => {
  it('is unchanged when it is written as text and read again', () => {
    expect(recordFromJson(recordToJson(record()), 'bank')).toEqual(json());
  });

  it('is written as the same text, in whatever order its fields were set', () => {
    const reversed = Object.fromEntries(Object.entries(json()).reverse());
    const addresses = { 'bank-1': '[::1]:50051', 'bank-2': '10.0.0.2:50051' };
    expect(recordToJson(parseRecord({ ...reversed, addresses }, 'bank'))).toBe(recordToJson(record()));
  });

  it('equals another record only if every value is equal', () => {
    expect(sameRecord(record(), record())).toBe(true);
    expect(sameRecord(undefined, undefined)).toBe(true);
    expect(sameRecord(record(), undefined)).toBe(false);
    expect(sameRecord(record(), record({ epoch: 8 }))).toBe(false);
    expect(sameRecord(record(), record({ forced: true }))).toBe(false);
    expect(sameRecord(record(), record({ adoptedThrough: [] }))).toBe(false);
  });

  it('keeps a replica whose id is __proto__ or constructor', () => {
    const odd = JSON.parse(`{"__proto__":"h:1","constructor":"h:2"}`) as object;
    const back = recordFromJson(recordToJson(record({ addresses: odd })), 'bank');
    expect(Object.entries(back.addresses)).toEqual([
      ['__proto__', 'h:1'],
      ['constructor', 'h:2'],
    ]);
  });
});

describe('a damaged record', () => {
  const cases: [what: string, changes: object, named: string][] = [
    ['version of the future', { version: 2 }, 'version is 2'],
    ['no version', { version: undefined }, 'version is missing'],
    ['another group', { group: 'shop' }, 'group is "shop"'],
    ['epoch zero', { epoch: 0 }, 'epoch'],
    ['epoch beyond what a number can count', { epoch: 2 ** 53 }, 'epoch'],
    ['fractional term', { term: 1.5 }, 'term'],
    ['no primary', { primary: null }, 'primary'],
    ['short incarnation', { primary: { id: 'bank-1', incarnation: 'ab' } }, 'primary.incarnation'],
    ['nameless replica', { inSync: [{ id: '', incarnation: A }] }, 'inSync[0].id'],
    ['primary outside the in-sync set', { inSync: [{ id: 'bank-2', incarnation: B }] }, 'inSync'],
    ['primary in sync in another life', { inSync: [{ id: 'bank-1', incarnation: B }] }, 'inSync'],
    ['member with more fields', { inSync: [{ id: 'bank-1', incarnation: A, x: 1 }] }, 'inSync[0]'],
    ['address without port', { addresses: { 'bank-1': 'localhost' } }, 'addresses["bank-1"]'],
    ['port out of range', { addresses: { 'bank-1': 'localhost:65536' } }, 'addresses["bank-1"]'],
    ['addresses in an array', { addresses: ['h:1'] }, 'addresses must be an object'],
    ['adoptions that do not ascend', { adoptedThrough: [1, 1].map((term) => ({ term, through: 0 })) }, '[1].term'],
    ['adoption of a later term', { adoptedThrough: [{ term: 4, through: 0 }] }, 'adoptedThrough[0].term'],
    ['negative adoption', { adoptedThrough: [{ term: 3, through: -1 }] }, 'adoptedThrough[0].through'],
    ['forced in words', { forced: 'no' }, 'forced'],
    ['no word on whether it ended', { ended: undefined }, 'ended'],
    ['unknown field', { colour: 'red' }, '"colour"'],
  ];

  it.each(cases)('is refused with an error that names its bad field: %s', (_what, changes, named) => {
    const problem = problemOf(() => record(changes));
    expect(problem.code).toBe('UNDERSTUDY_RECORD_DAMAGED');
    expect(problem.message).toContain(named);
  });

  it('is refused if the in-sync set names a replica twice', () => {
    const twice = [A, B].map((incarnation) => ({ id: 'bank-1', incarnation }));
    expect(problemOf(() => record({ inSync: twice })).message).toContain('twice');
  });

  it.each(['', '{', recordToJson(record()).slice(0, -20), '\0\0\0', 'null', '[]', '7'])(
    'is refused if its text is %j',
    (text) => {
      expect(problemOf(() => recordFromJson(text, 'bank')).code).toBe('UNDERSTUDY_RECORD_DAMAGED');
    },
  );

  it('yields either a record or UNDERSTUDY_RECORD_DAMAGED, whatever JSON is given', () => {
    const fields = Object.keys(json());
    const almost = fc
      .tuple(fc.constantFrom(...fields), fc.jsonValue())
      .map(([field, value]) => json({ [field]: value }));
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), almost), (value) => {
        let parsed: GroupRecord;
        try {
          parsed = parseRecord(value, 'bank');
        } catch (error) {
          return error instanceof UnderstudyError && error.code === 'UNDERSTUDY_RECORD_DAMAGED';
        }
        return sameRecord(recordFromJson(recordToJson(parsed), 'bank'), parsed);
      }),
      { numRuns: 10_000 },
    );
  });
});
