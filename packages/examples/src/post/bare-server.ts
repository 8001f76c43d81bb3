import { runBare } from '../hosting/bare-process.js';
import { PostOffice } from './post-office.js';
import { PostService } from './proto.js';
import { handlers } from './service.js';

await runBare('post office', (server) => server.addService(PostService, handlers(new PostOffice())));
