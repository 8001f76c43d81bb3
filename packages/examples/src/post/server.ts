/** The program that serves the post office, which has no replicas. */
import { serveBare } from '../common/serve-bare.js';
import { PostOffice } from './post-office.js';
import { PostService } from './proto.js';
import { handlers } from './service.js';

const address = await serveBare({
  what: 'post office',
  addTo: (server) => server.addService(PostService, handlers(new PostOffice())),
});
console.log(`the post office listens on ${address}`);
