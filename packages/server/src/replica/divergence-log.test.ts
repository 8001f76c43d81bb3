import { describe, expect, it } from 'vitest';
import { DivergenceLog } from './divergence-log.js';

const FIELDS = { orderNum: 7, agreedUpTo: 6, method: '/test.Shop/Order', digest: 'aa', primaryDigest: 'bb' };

function logged(inGlobals = true) {
  /** What was told in full. */
  const lines: string[] = [];
  const records: { level: string; event: string; fields: object | undefined }[] = [];
  const logger = {
    log: (level: string, event: string, fields?: { readonly message?: unknown }) => {
      records.push({ level, event, fields });
      if (typeof fields?.message === 'string') lines.push(fields.message);
    },
  };
  return { lines, records, log: new DivergenceLog({ replicaId: 'shop-2', inGlobals, logger }) };
}

describe('a replica that differs', () => {
  it('is logged in a sentence: which replica, at which message, what differs, and the usual causes', () => {
    const { lines, log } = logged();
    log.log('error', 'UNDERSTUDY_DIVERGED', FIELDS);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /^replica shop-2 came to other results than the primary at order 7, \/test.Shop\/Order \(digest aa, the primary's bb\)\..*Usual causes.*$/,
    );
  });

  it('is logged with the range in which it began to differ if the exact place is unknown', () => {
    const { lines, log } = logged();
    log.log('error', 'UNDERSTUDY_DIVERGED', { ...FIELDS, agreedUpTo: 2 });
    expect(lines[0]).toContain('between order 3 and order 7, /test.Shop/Order');
  });

  it('is logged with the method if a message of a stream differs, which has no known digests', () => {
    const { lines, log } = logged();
    log.log('error', 'UNDERSTUDY_DIVERGED', { orderNum: 7, method: '/test.Shop/Watch' });
    expect(lines[0]).toContain('at order 7, /test.Shop/Watch (a message of a stream). It leaves');
    expect(lines[0]).not.toContain('undefined');
  });

  it('is logged again only when it has differed ten times as often; causes are counted apart', () => {
    const { lines, log } = logged();
    for (let i = 0; i < 100; i++)
      log.log('error', 'UNDERSTUDY_DIVERGED', { ...FIELDS, orderNum: i, agreedUpTo: i - 1 });
    expect(lines.map((line) => /This is the (\d+)th time/.exec(line)?.[1])).toEqual([undefined, '10', '100']);
    log.log('error', 'UNDERSTUDY_DIVERGED', { ...FIELDS, method: '/test.Shop/Cancel' });
    log.log('error', 'UNDERSTUDY_DIVERGED', { orderNum: 9, method: '/test.Shop/Order', stuckForMs: 400 });
    log.log('error', 'UNDERSTUDY_DIVERGED', { orderNum: 9, peer: 'shop-3' });
    expect(lines).toHaveLength(6);
    expect(lines[4]).toContain('still in a handler');
    expect(lines[5]).toContain('replica shop-3 differs');
  });

  it('is named by its method once that has happened twice; what others or copies differ in is not', () => {
    const { log } = logged();
    log.log('error', 'UNDERSTUDY_DIVERGED', FIELDS);
    log.log('error', 'UNDERSTUDY_DIVERGED', { ...FIELDS, method: '/test.Shop/Cancel' });
    for (let i = 0; i < 2; i++) {
      log.log('error', 'UNDERSTUDY_DIVERGED', { orderNum: 9, peer: 'shop-3' });
      log.log('error', 'UNDERSTUDY_DIVERGED', { ...FIELDS, of: 'state' });
    }
    expect(log.diverging).toEqual([]);
    for (let i = 0; i < 2; i++) log.log('error', 'UNDERSTUDY_DIVERGED', FIELDS);
    expect(log.diverging).toEqual([{ method: '/test.Shop/Order', times: 3 }]);
    for (let i = 0; i < 3000; i++)
      log.log('error', 'UNDERSTUDY_DIVERGED', { ...FIELDS, method: `/test.Shop/M${i % 1000}` });
    expect(log.diverging).toHaveLength(255);
  });

  it('reaches a logger each time, as an error when it is told in full', () => {
    const { records, log } = logged();
    for (let i = 0; i < 3; i++) log.log('error', 'UNDERSTUDY_DIVERGED', FIELDS);
    log.log('info', 'another event', {});
    expect(records.map(({ level }) => level)).toEqual(['error', 'info', 'info', 'info']);
    expect(records[0]?.fields).toMatchObject({ ...FIELDS, message: expect.stringContaining('Usual causes') });
    expect(records[1]?.fields).toEqual({ ...FIELDS, times: 2 });
  });

  it('is logged with a reminder of our functions if the globals are the real ones', () => {
    const { lines, log } = logged(false);
    log.log('error', 'UNDERSTUDY_DIVERGED', FIELDS);
    expect(lines[0]).toContain('use stepTime() and stepRandom()');
  });
});
