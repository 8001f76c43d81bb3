/** A replicated service that calls other services. */
import * as grpc from '@grpc/grpc-js';
import { nested, replicated } from '@understudy/client';
import { BankClient } from '../bank/proto.js';
import { bankServiceConfig } from '../bank/service-config.js';
import type { Hosted } from '../common/hosted.js';
import { jsonLogger } from '../common/json-logger.js';
import { PostClient } from '../post/proto.js';
import { addPartnerOptions, type PartnerOptions } from './options.js';
import { ShopService } from './proto.js';
import { handlers } from './service.js';
import { SHOP_GROUP, shopServiceConfig } from './service-config.js';
import { Shop } from './shop.js';

const BANK_TARGET = 'addresses of all replicas of the bank, which must run in the same mode: understudy:///host:port,…';

/**
 * Returns a shop without sales, ready to be replicated. A service that calls others needs no more than this: the
 * options of `replicated` for a partner that is a group itself, and those of `nested` for one that is not.
 */
export function shopReplica(): Hosted<PartnerOptions> {
  const shop = new Shop();
  return {
    what: 'shop',
    group: SHOP_GROUP,
    serviceConfig: shopServiceConfig,
    state: shop,
    addOptions: (command) => addPartnerOptions(command, BANK_TARGET),
    addTo: (server, options) => {
      const credentials = grpc.credentials.createInsecure();
      const bankOptions = replicated({ serviceConfig: bankServiceConfig(options), logger: jsonLogger() });
      const bank = new BankClient(options.bank, credentials, bankOptions);
      const post = new PostClient(options.post, credentials, nested());
      server.addService(ShopService, handlers(shop, { bank, post }));
    },
  };
}
