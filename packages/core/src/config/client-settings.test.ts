import { describe, expect, it } from 'vitest';
import { clientSettings, differingSettings, settingsDigest } from './client-settings.js';
import { parseServiceConfig } from './service-config.js';

const settings = (entry: object = {}) =>
  clientSettings(parseServiceConfig({ loadBalancingConfig: [{ understudy: { group: 'bank', ...entry } }] }));
const get = { name: [{ service: 'bank.v1.Bank', method: 'Get' }], readOnly: true };
const put = { name: [{ service: 'bank.v1.Bank', method: 'Put' }], oneWay: true };

describe('the settings that clients follow', () => {
  it.each([
    ['release', { release: 'acknowledged', methods: [get] }, ['release']],
    ['batchMs', { batchMs: 7, methods: [get] }, ['batchMs']],
    ['a method', { methods: [get, put] }, ['bank.v1.Bank/Put']],
    ['a method less', {}, ['bank.v1.Bank/Get']],
    ['what a method is', { methods: [{ ...get, readOnly: false }] }, ['bank.v1.Bank/Get']],
    ['the release of a method', { methods: [{ ...get, release: 'acknowledged' }] }, ['bank.v1.Bank/Get']],
    ['all methods of a service', { methods: [get, { name: [{ service: 'a.B' }], oneWay: true }] }, ['a.B/*']],
    ['all methods', { methods: [get, { name: [{}], oneWay: true }] }, ['*']],
  ])('differ by %s, which is named, and so does their digest', (_, entry, names) => {
    const own = settings({ methods: [get] });
    const group = settings(entry);
    expect(differingSettings(own, group)).toEqual(names);
    expect(settingsDigest(own)).not.toBe(settingsDigest(group));
  });

  it('depend neither on the order of the methods nor on other settings', () => {
    const own = settings({ methods: [get, put] });
    const group = settings({ methods: [put, get], leaseMs: 500, carrier: 'rpc' });
    expect(differingSettings(own, group)).toEqual([]);
    expect(settingsDigest(own)).toBe(settingsDigest(group));
  });
});
