import * as grpc from '@grpc/grpc-js';
import { nested } from '@understudy/client';
import { connectReplicated } from '../bank/connect-replicated.js';
import { jsonLogger } from '../hosting/json-logger.js';
import { runReplica } from '../hosting/replica-process.js';
import { PostClient } from '../post/proto.js';
import { addPartnerOptions, type PartnerOptions } from './options.js';
import { ShopService } from './proto.js';
import { handlers } from './service.js';
import { SHOP_GROUP, shopServiceConfig } from './service-config.js';
import { Shop } from './shop.js';

const shop = new Shop();
await runReplica<PartnerOptions>({
  what: 'shop',
  group: SHOP_GROUP,
  serviceConfig: shopServiceConfig,
  state: shop,
  audit: () => shop.audit(),
  addOptions: (command) =>
    addPartnerOptions(
      command,
      'all replicas of the bank, which is replicated in the same way: understudy:///host:port,…',
    ),
  addTo: (server, options) => {
    const bank = connectReplicated(options.bank, options, jsonLogger());
    const post = new PostClient(options.post, grpc.credentials.createInsecure(), nested());
    server.addService(ShopService, handlers(shop, { bank, post }));
  },
});
