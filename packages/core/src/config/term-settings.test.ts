import { describe, expect, it } from 'vitest';
import type { GroupConfig } from './config.js';
import { parseServiceConfig } from './service-config.js';
import { configAsFarAsUsable, configInForce, differingNames, settingsText } from './term-settings.js';

const config = (entry: object = {}): GroupConfig =>
  parseServiceConfig({ loadBalancingConfig: [{ understudy: { group: 'bank', ...entry } }] });

const GET = { name: [{ service: 'bank.v1.Bank', method: 'Get' }], readOnly: true };
const ALL = { name: [{}], release: 'acknowledged' };

describe('the settings of a term', () => {
  it('are the same text for equal settings, in whatever order they are written', () => {
    const one = settingsText(config({ leaseMs: 100, methods: [GET, ALL] }));
    expect(settingsText(config({ methods: [ALL, GET], leaseMs: 100 }))).toBe(one);
  });

  it("leave out the group's name and the carrier, which no primary decides", () => {
    expect(settingsText(config({ carrier: 'rpc' }))).toBe(settingsText(config()));
    expect(settingsText(config({ group: 'shop' }))).toBe(settingsText(config()));
  });

  it('are in force at a replica with other settings, except for its name and its carrier', () => {
    const own = config({ carrier: 'rpc', leaseMs: 500 });
    const other = { ...config({ leaseMs: 400, replication: 'passive', methods: [GET, ALL] }), unreplicated: ['a.B'] };
    const inForce = configInForce(settingsText(other), own);
    expect(settingsText(inForce)).toBe(settingsText(other));
    expect(inForce).toMatchObject({ carrier: 'rpc', leaseMs: 400, replication: 'passive', unreplicated: ['a.B'] });
  });

  it('include every setting, and come back from their text unchanged', () => {
    const other = config({
      ...{ ordering: 'priority', ageingMs: 77, priorityKey: 'urgency', weights: { shop: 2, __proto__x: 3 } },
      stateDigestEvery: 7,
      methods: [{ ...GET, ordering: 'fair', priority: 7 }],
    });
    const named = Object.keys(JSON.parse(settingsText(other)));
    expect(named.sort()).toEqual(
      Object.keys(other)
        .filter((name) => name !== 'group' && name !== 'carrier')
        .sort(),
    );
    expect(configInForce(settingsText(other), config())).toEqual(other);
  });

  it('leave out a setting whose absence has a meaning, and are in force without it', () => {
    expect(settingsText(config())).not.toContain('stateDigestEvery');
    expect(configInForce(settingsText(config()), config({ stateDigestEvery: 7 })).stateDigestEvery).toBeUndefined();
    expect(configInForce(settingsText(config({ stateDigestEvery: 7 })), config()).stateDigestEvery).toBe(7);
    expect(configInForce(settingsText(config({ stateDigestEvery: 0 })), config()).stateDigestEvery).toBe(0);
  });

  it('may name a setting of a later version, which this version ignores', () => {
    const text = JSON.stringify({ ...JSON.parse(settingsText(config({ leaseMs: 400 }))), invented: [1, 2] });
    expect(configInForce(text, config())).toMatchObject({ leaseMs: 400 });
    expect(differingNames(text, settingsText(config({ leaseMs: 400 })))).toEqual(['invented']);
  });

  it.each(['', '[]', '7', '{"leaseMs":"long"}'])('are refused if they are %j', (text) => {
    expect(() => configInForce(text, config())).toThrow('UNDERSTUDY_CONFIG');
  });

  it('are in force as far as this version can use them; its numbers always are', () => {
    const own = config({ leaseMs: 200, ordering: 'fair', replication: 'passive' });
    const later = { ...JSON.parse(settingsText(config({ methods: [GET] }))), leaseMs: 30_000, sessionMs: 90_000 };
    const text = JSON.stringify({ ...later, ordering: 'invented', forgetMs: 500, batchMs: 'long' });
    const inForce = configAsFarAsUsable(text, own);
    expect(inForce).toMatchObject({ leaseMs: 30_000, sessionMs: 90_000, forgetMs: 500, replication: 'semi-active' });
    expect(inForce).toMatchObject({ ordering: 'fair', batchMs: 1, methods: config({ methods: [GET] }).methods });
  });

  it.each(['', '[]', '7'])('are the replica’s own if the text is %j', (text) => {
    const own = config({ leaseMs: 200 });
    expect(configAsFarAsUsable(text, own)).toBe(own);
  });

  it('that differ are named, methods and budgets one by one', () => {
    const one = settingsText(config({ leaseMs: 400, methods: [GET] }));
    const other = settingsText(
      config({ budgets: { totalBytes: 65_536 }, methods: [{ ...GET, readOnly: false }, ALL] }),
    );
    expect(differingNames(one, other)).toEqual(['*', 'bank.v1.Bank/Get', 'budgets.totalBytes', 'leaseMs', 'sessionMs']);
    expect(differingNames(one, one)).toEqual([]);
  });
});
