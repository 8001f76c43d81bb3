/** The program that serves a shop without replication, to compare with. */
import * as grpc from '@grpc/grpc-js';
import { BankClient } from '../bank/proto.js';
import { serveBare } from '../common/serve-bare.js';
import { PostClient } from '../post/proto.js';
import { addPartnerOptions, type PartnerOptions } from './options.js';
import { ShopService } from './proto.js';
import { handlers } from './service.js';
import { Shop } from './shop.js';

const address = await serveBare<PartnerOptions>({
  what: 'shop',
  addOptions: (command) => addPartnerOptions(command, 'address of a bank without replicas, as host:port'),
  addTo: (server, options) => {
    const credentials = grpc.credentials.createInsecure();
    const bank = new BankClient(options.bank, credentials);
    const post = new PostClient(options.post, credentials);
    server.addService(ShopService, handlers(new Shop(), { bank, post }));
  },
});
console.log(`the shop listens on ${address}`);
