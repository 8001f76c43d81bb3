import type { Hosted } from '../common/hosted.js';
import { Bank } from './bank.js';
import { BankService } from './proto.js';
import { handlers } from './service.js';
import { BANK_GROUP, bankServiceConfig } from './service-config.js';

/** Returns a bank without accounts, ready to be replicated. */
export function bankReplica(): Hosted {
  const bank = new Bank();
  return {
    what: 'bank',
    group: BANK_GROUP,
    serviceConfig: bankServiceConfig,
    state: bank,
    addTo: (server) => server.addService(BankService, handlers(bank)),
  };
}
