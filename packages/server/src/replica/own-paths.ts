/** The paths of the services that are the replica's own: clients', replicas' and operators'. */
import { replicationService } from '../links/incoming-peer-links.js';
import { multicastService } from '../links/session-links.js';
import { adminService } from './admin.js';

export const OWN_PATHS: ReadonlySet<string> = new Set(
  [multicastService, replicationService, adminService].flatMap((service) =>
    Object.values(service).map(({ path }: { readonly path: string }) => path),
  ),
);
