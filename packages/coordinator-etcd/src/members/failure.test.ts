import { expect, it } from 'vitest';
import { asEtcdError } from './failure.js';

it.each([
  ['etcdserver: mvcc: database space exceeded', 'alarm NOSPACE'],
  ['etcdserver: corrupt cluster', 'alarm CORRUPT'],
  ['14 UNAVAILABLE: connect ECONNREFUSED', 'a majority of its members'],
  ['etcdserver: authentication failed, invalid user ID or password', 'the password'],
])('the failure %j is told with what to do about it', (why, said) => {
  const error = asEtcdError(new Error(why), 'announcing a replica', ['10.0.0.9:2379']);
  expect(error.code).toBe('UNDERSTUDY_COORDINATOR');
  expect(error.message).toContain(why);
  expect(error.message).toContain(said);
});
