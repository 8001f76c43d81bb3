import { runBare } from '../hosting/bare-process.js';
import { Guide } from './guide.js';
import { RouteGuideService } from './proto.js';
import { handlers } from './service.js';

await runBare('route guide', (server) => server.addService(RouteGuideService, handlers(new Guide())));
