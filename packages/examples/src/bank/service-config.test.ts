import { methodSettings, parseServiceConfig } from '@understudy/core/internal';
import { describe, expect, it } from 'vitest';
import { CARRIERS, MULTICASTS, RELEASES, REPLICATIONS } from '../common/mode-options.js';
import { bankServiceConfig } from './service-config.js';

describe("the bank's service config", () => {
  it('parses in every mode', () => {
    for (const replication of REPLICATIONS)
      for (const multicast of MULTICASTS)
        for (const release of RELEASES)
          for (const carrier of CARRIERS) {
            const mode = { replication, multicast, release, carrier, leaseMs: 250 };
            expect(parseServiceConfig(bankServiceConfig(mode))).toMatchObject({ group: 'bank', ...mode });
          }
  });

  it('declares exactly the methods that change nothing as read-only', () => {
    const [replication, multicast, release, carrier] = ['semi-active', 'direct', 'concurrent', 'stream'] as const;
    const config = parseServiceConfig(bankServiceConfig({ replication, multicast, release, carrier, leaseMs: 300 }));
    const isRead = (method: string) => methodSettings(config, `/bank.v1.Bank/${method}`).readOnly;
    expect(['GetBalance', 'Audit', 'History'].map(isRead)).toEqual([true, true, true]);
    expect(['Deposit', 'Withdraw', 'Transfer'].map(isRead)).toEqual([false, false, false]);
  });
});
