import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UnderstudyError } from '../model/error.js';
import type { GroupConfig } from './config.js';
import { methodSettings, parseServiceConfig } from './service-config.js';

const json = (entry: object): unknown => ({ loadBalancingConfig: [{ understudy: { group: 'bank', ...entry } }] });
const config = (entry: object = {}): GroupConfig => parseServiceConfig(json(entry));

function problemOf(value: unknown): string {
  try {
    parseServiceConfig(value);
  } catch (error) {
    if (error instanceof UnderstudyError && error.code === 'UNDERSTUDY_CONFIG') return error.message;
    throw error;
  }
  throw new Error('was accepted');
}

const DEFAULTS: GroupConfig = {
  group: 'bank',
  replication: 'semi-active',
  multicast: 'direct',
  release: 'concurrent',
  ordering: 'reception',
  ageingMs: 1_000,
  priorityKey: '',
  weights: {},
  carrier: 'stream',
  pendingSourceOrderMax: 64,
  leaseMs: 200,
  sessionMs: 600,
  sessionExpiryMs: 60_000,
  nullMessageMs: 20,
  batchMs: 1,
  stallMs: 5_000,
  forgetMs: 600_000,
  staleMs: 2_000,
  poisonAfter: 2,
  checkpointEvery: 4096,
  copyMs: 10_000,
  stateDigestEvery: undefined,
  backlogMax: 262_144,
  unstableMax: 4096,
  queueMax: 16_384,
  sessionsMax: 1024,
  budgets: { sessionBytes: 134_217_728, totalBytes: 536_870_912, keyedBytes: 67_108_864 },
  methods: [],
  unreplicated: [],
};

describe('a service config', () => {
  it('needs only the name of the group', () => {
    expect(config()).toEqual(DEFAULTS);
  });

  it('may be given as JSON text', () => {
    expect(parseServiceConfig(JSON.stringify(json({ leaseMs: 100 })))).toEqual(config({ leaseMs: 100 }));
  });

  it('may contain other policies and fields that belong to gRPC', () => {
    const entry = { understudy: { group: 'bank' } };
    const methodConfig = [{ name: [{}], waitForReady: true }];
    expect(parseServiceConfig({ loadBalancingConfig: [{ round_robin: {} }, entry], methodConfig })).toEqual(DEFAULTS);
  });

  it('is returned with every setting as it was given', () => {
    // The servers' options say which services are not replicated.
    const { unreplicated, ...settable } = DEFAULTS;
    const given = {
      ...settable,
      replication: 'passive',
      multicast: 'destination',
      release: 'acknowledged',
      carrier: 'rpc',
      ordering: 'priority',
      ageingMs: 4,
      priorityKey: 'x-priority',
      weights: { billing: 0.5 },
      pendingSourceOrderMax: 1,
      leaseMs: 1_000,
      sessionMs: 1_001,
      sessionExpiryMs: 1_002,
      nullMessageMs: 2,
      batchMs: 3,
      stallMs: 10,
      forgetMs: 1_000,
      staleMs: 100,
      poisonAfter: 1,
      checkpointEvery: 5,
      copyMs: 10,
      stateDigestEvery: 0,
      backlogMax: 9,
      unstableMax: 6,
      queueMax: 7,
      sessionsMax: 8,
      budgets: { sessionBytes: 65_536, totalBytes: 65_537, keyedBytes: 65_538 },
    };
    expect(config(given)).toEqual({ ...given, unreplicated });
  });

  it('sets sessionMs to three leases by default, and sessionExpiryMs to no less than sessionMs', () => {
    expect(config({ leaseMs: 1_000 }).sessionMs).toBe(3_000);
    expect(config({ sessionMs: 90_000 }).sessionExpiryMs).toBe(90_000);
  });

  it('accepts the longest lease together with the defaults of all other settings', () => {
    expect(config({ leaseMs: 20_000 }).sessionMs).toBe(60_000);
  });
});

describe('a service config that cannot be used', () => {
  const at = 'loadBalancingConfig[0].understudy';
  const method = (entry: object): object => ({ methods: [{ name: [{ service: 'a.B' }] }, entry] });
  const cases: [entry: object, named: string][] = [
    [{ group: '' }, `${at}.group is ""`],
    [{ group: undefined }, `${at}.group is missing`],
    [{ leaseMS: 300 }, `${at}.leaseMS is not a setting; did you mean leaseMs?`],
    [{ sesionsMax: 1 }, `${at}.sesionsMax is not a setting; did you mean sessionsMax?`],
    [{ colour: 'red' }, `${at}.colour is not a setting; known are`],
    [{ leaseMs: '300' }, `${at}.leaseMs is "300"; it must be a whole number from 20 to 20000`],
    [{ leaseMs: 19 }, `${at}.leaseMs is 19`],
    [{ leaseMs: null }, `${at}.leaseMs is null`],
    [{ queueMax: 1.5 }, `${at}.queueMax is 1.5`],
    [{ stateDigestEvery: -1 }, `${at}.stateDigestEvery is -1; it must be a whole number from 0 to 1000000`],
    [{ sessionMs: 199 }, `${at}.sessionMs is 199; it must be at least leaseMs`],
    [{ sessionExpiryMs: 599 }, `${at}.sessionExpiryMs is 599; it must be at least sessionMs`],
    [{ release: 'eventually' }, `${at}.release is "eventually"; it must be "concurrent" or "acknowledged"`],
    [{ replication: ['passive'] }, `${at}.replication is an array`],
    [{ ordering: 'random' }, `${at}.ordering is "random"; it must be "reception" or "sequence"`],
    [{ priorityKey: 'X-Priority' }, `${at}.priorityKey is "X-Priority"; it must be a metadata key in lower case`],
    [{ priorityKey: 'priority-bin' }, `${at}.priorityKey is "priority-bin"`],
    [{ weights: { a: 0 } }, `${at}.weights["a"] is 0; it must be a number from 0.01 to 1000`],
    [{ weights: [] }, `${at}.weights is an array`],
    [{ methods: {} }, `${at}.methods is an object`],
    [method({ name: [] }), `${at}.methods[1].name is empty`],
    [method({}), `${at}.methods[1].name is missing`],
    [method({ name: [{ service: 7 }] }), `${at}.methods[1].name[0].service is 7`],
    [method({ name: [{ service: '/a.B' }] }), `${at}.methods[1].name[0].service is "/a.B"`],
    [method({ name: [{ method: 'Get' }] }), `${at}.methods[1].name[0].service is missing`],
    [method({ name: [{ service: 'a.C', method: 'Get()' }] }), `${at}.methods[1].name[0].method is "Get()"`],
    [method({ name: [{ service: 'a.C', verb: 1 }] }), `${at}.methods[1].name[0].verb`],
    [method({ name: [{ service: 'a.B' }] }), `${at}.methods names "a.B/" twice`],
    [method({ name: [{}], readOnly: 'yes' }), `${at}.methods[1].readOnly is "yes"`],
    [method({ name: [{}], release: 'now' }), `${at}.methods[1].release is "now"`],
    [method({ name: [{}], readFrom: 'anybody' }), `${at}.methods[1].readFrom is "anybody"`],
    [method({ name: [{}], readFrom: 'backup' }), `${at}.methods[1].readFrom is "backup" and readOnly is not true`],
    [method({ name: [{}], waitsForOthers: true, readOnly: true }), `${at}.methods[1] is readOnly and waitsForOthers`],
    [method({ name: [{}], oneWay: 1 }), `${at}.methods[1].oneWay is 1`],
    [method({ name: [{}], oneWay: true, readOnly: true }), `${at}.methods[1] is readOnly and oneWay`],
    [method({ name: [{}], priority: 1.5 }), `${at}.methods[1].priority is 1.5; it must be a whole number from -1000`],
    [method({ name: [{}], ordering: 'last' }), `${at}.methods[1].ordering is "last"`],
  ];

  it.each(cases)('is refused with an error that names the path of its bad field: %j', (entry, named) => {
    expect(problemOf(json(entry))).toContain(named);
  });

  it.each([
    ['{', 'not JSON'],
    [undefined, 'the service config is missing'],
    [[], 'the service config is an array'],
    [{}, 'loadBalancingConfig is missing'],
    [{ loadBalancingConfig: [] }, 'has no entry "understudy"'],
    [{ loadBalancingConfig: [{ pick_first: {} }] }, 'has no entry "understudy"'],
    [{ loadBalancingConfig: [null] }, 'loadBalancingConfig[0] is null'],
    [{ loadBalancingConfig: [{ understudy: [] }] }, 'loadBalancingConfig[0].understudy is an array'],
    [{ loadBalancingConfig: [{ understudy: {}, pick_first: {} }] }, 'shares its object'],
    [{ loadBalancingConfig: [1, 2].map(() => ({ understudy: { group: 'a' } })) }, 'only one such entry'],
  ])('is refused if it has no usable entry: %j', (value, named) => {
    expect(problemOf(value)).toContain(named);
  });

  it('yields either a config or UNDERSTUDY_CONFIG, whatever JSON is given', () => {
    const field = fc.constantFrom(...Object.keys(DEFAULTS), 'oneWay');
    const value = fc.oneof(fc.jsonValue(), fc.integer(), fc.constantFrom('passive', 'rpc', 'acknowledged', 'fair'));
    const entry = fc.dictionary(field, value).map(json);
    const methods = fc.array(fc.record({ name: fc.jsonValue(), readOnly: fc.jsonValue() }, { requiredKeys: [] }));
    const anything = fc.oneof(
      fc.jsonValue(),
      fc.json(),
      entry,
      methods.map((list) => json({ methods: list })),
    );
    fc.assert(
      fc.property(anything, (candidate) => {
        let parsed: GroupConfig;
        try {
          parsed = parseServiceConfig(candidate);
        } catch (error) {
          return error instanceof UnderstudyError && error.code === 'UNDERSTUDY_CONFIG';
        }
        return Object.keys(DEFAULTS).every((name) => Object.hasOwn(parsed, name)) && parsed.leaseMs >= 20;
      }),
      { numRuns: 10_000 },
    );
  });
});

describe('the settings of a method', () => {
  const methods = [
    { name: [{}], release: 'acknowledged' },
    { name: [{ service: 'bank.v1.Bank', method: 'GetBalance' }, { service: 'bank.v1.Audit' }], readOnly: true },
    { name: [{ service: 'bank.v1.Bank' }] },
  ];

  it('are those of the most specific entry, wherever it stands in the list', () => {
    for (const order of [methods, [...methods].reverse()]) {
      const bank = config({ methods: order });
      expect(methodSettings(bank, '/bank.v1.Bank/GetBalance')).toEqual({
        readOnly: true,
        readFrom: 'primary',
        oneWay: false,
        waitsForOthers: false,
        release: 'concurrent',
      });
      expect(methodSettings(bank, '/bank.v1.Bank/Transfer')).toEqual({
        readOnly: false,
        readFrom: 'primary',
        oneWay: false,
        waitsForOthers: false,
        release: 'concurrent',
      });
      expect(methodSettings(bank, '/bank.v1.Audit/List')).toEqual({
        readOnly: true,
        readFrom: 'primary',
        oneWay: false,
        waitsForOthers: false,
        release: 'concurrent',
      });
      expect(methodSettings(bank, '/shop.Shop/Buy')).toEqual({
        readOnly: false,
        readFrom: 'primary',
        oneWay: false,
        waitsForOthers: false,
        release: 'acknowledged',
      });
    }
  });

  it('are the group’s settings if no entry names the method', () => {
    const settings = methodSettings(config({ release: 'acknowledged' }), '/bank.v1.Bank/Transfer');
    expect(settings).toEqual({
      ...{ readOnly: false, readFrom: 'primary', oneWay: false, waitsForOthers: false, release: 'acknowledged' },
    });
  });

  it('are not taken from an entry whose service name is only a suffix of the method’s service', () => {
    const bank = config({ methods: [{ name: [{ service: 'v1.Bank' }], readOnly: true }] });
    expect(methodSettings(bank, '/bank.v1.Bank/Transfer').readOnly).toBe(false);
  });
});
