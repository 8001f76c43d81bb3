import { runReplica } from '../hosting/replica-process.js';
import { Bank } from './bank.js';
import { BankService } from './proto.js';
import { handlers } from './service.js';
import { BANK_GROUP, bankServiceConfig } from './service-config.js';

const bank = new Bank();
await runReplica({
  what: 'bank',
  group: BANK_GROUP,
  serviceConfig: bankServiceConfig,
  state: bank,
  audit: () => bank.audit(),
  addTo: (server) => server.addService(BankService, handlers(bank)),
});
