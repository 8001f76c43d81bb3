import { runBare } from '../hosting/bare-process.js';
import { Bank } from './bank.js';
import { BankService } from './proto.js';
import { handlers } from './service.js';

await runBare('bank', (server) => server.addService(BankService, handlers(new Bank())));
