import * as grpc from '@grpc/grpc-js';
import { connectBare } from '../bank/client.js';
import { runBare } from '../hosting/bare-process.js';
import { PostClient } from '../post/proto.js';
import { addPartnerOptions, type PartnerOptions } from './options.js';
import { ShopService } from './proto.js';
import { handlers } from './service.js';
import { Shop } from './shop.js';

await runBare<PartnerOptions>(
  'shop',
  (server, options) => {
    const bank = connectBare(options.bank);
    const post = new PostClient(options.post, grpc.credentials.createInsecure());
    server.addService(ShopService, handlers(new Shop(), { bank, post }));
  },
  (command) => addPartnerOptions(command, 'a bank without replicas: host:port'),
);
