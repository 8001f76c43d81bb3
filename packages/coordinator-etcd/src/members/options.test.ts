import { expect, it } from 'vitest';
import { type EtcdOptions, settingsOf } from './options.js';

it.each([
  [{ hosts: [] }, 'hosts must name at least one member'],
  [{ hosts: 'etcd' }, 'hosts must list host:port, and has "etcd"'],
  [{}, 'hosts is missing'],
  [{ host: 'a:1' }, 'there is no "host"; did you mean hosts?'],
  [{ hosts: 'a:1', prefix: 'x' }, 'there is no "prefix"'],
  [{ hosts: 'a:1', keyPrefix: '' }, 'keyPrefix must be a text that is not empty'],
  [{ hosts: 'a:1', pollMs: -1 }, 'set pollMs to a number above 0'],
  [{ hosts: 'a:1', deadlineMs: 0 }, 'set deadlineMs to a number above 0'],
  [{ hosts: 'a:1', presenceTtlS: Number.NaN }, 'set presenceTtlS to a number above 0'],
])('options of etcd that cannot be used are an error that names the bad one: %j', (options, why) => {
  expect(() => settingsOf(options as EtcdOptions)).toThrow(why);
  expect(() => settingsOf(options as EtcdOptions)).toThrow('UNDERSTUDY_SETUP');
});
